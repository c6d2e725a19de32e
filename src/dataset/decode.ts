import type { ColumnLayout, RowLayout, VariableColumnLayout } from "../core/format/row-layout.js";
import type { FieldSpec, FixedField, ScalarType, SchemaSpec, VariableField } from "../core/format/schema.js";
import { isFixed } from "../core/format/schema.js";
import { HexzError, isHexzError } from "../errors.js";
import { halfToNumber } from "../util/half.js";
import { copyBytes, valueArray } from "./elements.js";
import { setOwn } from "./own-property.js";
import { decodeJson, decodeText } from "./text.js";

/** Makes records of the restored rows of a block (FORMAT.md 6.2). */
export interface RecordReader {
  /**
   * The record in row `row` of the block `raw`. It shares no memory with the block: keeping it never keeps the block.
   *
   * @param record Its number, for errors.
   * @throws HexzError `E_BLOCK_CORRUPT` with field and record where a value lies outside the block or is not text or JSON.
   */
  read(raw: Uint8Array, row: number, record: number): Record<string, unknown>;
}

/** Reads the value at byte `at` of a block. */
type ReadValue = (raw: Uint8Array, view: DataView, at: number) => unknown;

interface FieldReader {
  readonly name: string;
  /** From the start of the row. */
  readonly offset: number;
  /** Byte of the row that holds the field's mask bit, and that bit; 0 where the field is not nullable. */
  readonly maskAt: number;
  readonly maskBit: number;
  readonly read: ReadValue;
}

/**
 * A reader of rows of `schema`, laid out as `layout` (which is `createRowLayout(schema)`), with one compiled step per field of `names`, in that order.
 *
 * @example
 * const reader = createRecordReader(schema, createRowLayout(schema));
 * const record = reader.read(await snapshot.readBlock(0), 0, 0);
 */
export function createRecordReader(
  schema: SchemaSpec,
  layout: RowLayout,
  names: readonly string[] = Object.keys(schema),
): RecordReader {
  const fields = names.map((name) => compileField(fieldOf(schema, name), columnOf(layout, name), layout));
  return { read: (raw, row, record) => readRecord(fields, layout, raw, row, record) };
}

function readRecord(
  fields: readonly FieldReader[],
  layout: RowLayout,
  raw: Uint8Array,
  row: number,
  record: number,
): Record<string, unknown> {
  const start = row * layout.strideBytes;
  if (start + layout.strideBytes > raw.length) throw corrupt(record, undefined, `its block has no row ${row}`);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  const values: Record<string, unknown> = {};
  for (const field of fields) {
    const isNull = field.maskBit !== 0 && ((raw[start + field.maskAt] ?? 0) & field.maskBit) === 0;
    setOwn(values, field.name, isNull ? null : readField(field, raw, view, start, record));
  }
  return values;
}

function readField(field: FieldReader, raw: Uint8Array, view: DataView, start: number, record: number): unknown {
  try {
    return field.read(raw, view, start + field.offset);
  } catch (cause) {
    if (isHexzError(cause)) throw cause;
    throw corrupt(record, field.name, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function corrupt(record: number, field: string | undefined, what: string, cause?: unknown): HexzError {
  const where = field === undefined ? `record ${record}` : `field ${JSON.stringify(field)} of record ${record}`;
  return new HexzError("E_BLOCK_CORRUPT", `${where} cannot be read (${what}); restore the file from a good copy`, {
    context: { record, field },
    cause,
  });
}

/** The field `name` of a schema; its own property, whatever it is called. */
export function fieldOf(schema: SchemaSpec, name: string): FieldSpec {
  const field = Object.hasOwn(schema, name) ? schema[name] : undefined;
  if (field !== undefined) return field;
  const known = Object.keys(schema).map((key) => JSON.stringify(key));
  throw new TypeError(`there is no field ${JSON.stringify(name)}; the fields are ${known.join(", ")}`);
}

/** The place of field `name` in the rows. */
function columnOf(layout: RowLayout, name: string): ColumnLayout {
  const column = layout.columns.find((candidate) => candidate.name === name);
  if (column === undefined) throw new TypeError(`the row layout has no field ${JSON.stringify(name)}`);
  return column;
}

function compileField(field: FieldSpec, column: ColumnLayout, layout: RowLayout): FieldReader {
  const nullable = column.nullBit >= 0;
  return {
    name: column.name,
    offset: column.offset,
    maskAt: nullable ? layout.maskOffset + (column.nullBit >> 3) : 0,
    maskBit: nullable ? 1 << (column.nullBit & 7) : 0,
    read: compileRead(field, column),
  };
}

function compileRead(field: FieldSpec, column: ColumnLayout): ReadValue {
  if (isFixed(field) && column.kind === "fixed") {
    return field.shape.length === 0 ? SCALARS[field.type] : compileArray(field, column.valueBytes);
  }
  if (!isFixed(field) && column.kind === "variable") return compileVariable(field, column);
  throw new TypeError(`field ${JSON.stringify(column.name)} has another kind in the row layout than in the schema`);
}

const SCALARS: Readonly<Record<ScalarType, ReadValue>> = {
  bool: (raw, _, at) => raw[at] !== 0,
  uint8: (raw, _, at) => raw[at],
  int8: (_, view, at) => view.getInt8(at),
  uint16: (_, view, at) => view.getUint16(at, true),
  int16: (_, view, at) => view.getInt16(at, true),
  float16: (_, view, at) => halfToNumber(view.getUint16(at, true)),
  uint32: (_, view, at) => view.getUint32(at, true),
  int32: (_, view, at) => view.getInt32(at, true),
  float32: (_, view, at) => view.getFloat32(at, true),
  uint64: (_, view, at) => view.getBigUint64(at, true),
  int64: (_, view, at) => view.getBigInt64(at, true),
  float64: (_, view, at) => view.getFloat64(at, true),
};

function compileArray({ type }: FixedField, bytes: number): ReadValue {
  return (raw, _, at) => valueArray(type, copyBytes(raw, at, at + bytes));
}

/** Reads the value between two bounds that were checked. */
type ReadRange = (raw: Uint8Array, start: number, end: number) => unknown;

function compileVariable(field: VariableField, { itemBytes }: VariableColumnLayout): ReadValue {
  const readRange = compileRange(field);
  return (raw, view, at) => {
    const start = view.getUint32(at, true);
    const length = view.getUint32(at + 4, true);
    if (start + length > raw.length || length % itemBytes !== 0) {
      throw new RangeError(`its ${length} bytes from ${start} are not whole items in a block of ${raw.length}`);
    }
    return readRange(raw, start, start + length);
  };
}

function compileRange({ type, item = "uint8" }: VariableField): ReadRange {
  if (type === "utf8") return decodeText;
  if (type === "json") return decodeJson;
  if (type === "binary") return copyBytes;
  return (raw, start, end) => valueArray(item, copyBytes(raw, start, end));
}
