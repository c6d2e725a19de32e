import type { ColumnLayout, RowLayout } from "../core/format/row-layout.js";
import type { FieldSpec, FixedField, ScalarType, SchemaSpec } from "../core/format/schema.js";
import { elementCount, isFixed, valueBytes } from "../core/format/schema.js";
import type { NumberType } from "../kernels/index.js";
import type { Cast, CastTable } from "./cast.js";
import { castSpec, castTable } from "./cast.js";
import type { FieldGather } from "./workers/protocol.js";

/** Columns begin at multiples of this: a cache line, and enough for any element. */
const COLUMN_ALIGNMENT = 64;

/** One field of a batch and where its parts stand, in bytes from the start of the batch. */
export interface BatchField {
  readonly name: string;
  /** Of the column: after its cast, where it has one. */
  readonly spec: FieldSpec;
  readonly kind: "fixed" | "items";
  /** Values of a fixed field, or the i32 offsets of one with items. */
  readonly at: number;
  /** Bytes of one value of a fixed field; of one item. */
  readonly valueBytes: number;
  /** Bitmap; undefined where the field is not nullable. */
  readonly validityAt: number | undefined;
}

/** Numbers that a cast needs beside every batch. */
export interface PlacedTable extends CastTable {
  readonly scaleAt: number;
  readonly biasAt: number;
}

/**
 * A batch in memory: first the addresses of its rows and the tables of its casts, then one column after another, then the items of variable fields. The places are the same for every batch
 * of a loader, full or not.
 */
export interface BatchLayout {
  readonly batchSize: number;
  /** Where the u32 row addresses stand, and those of the rows' blocks (0 where no field needs them). */
  readonly rowsAt: number;
  readonly basesAt: number;
  readonly tables: readonly PlacedTable[];
  readonly fields: readonly BatchField[];
  /** What the threads do to fill it. */
  readonly gathers: readonly FieldGather[];
  /** Where items may begin: the bytes of a batch without any. */
  readonly itemsAt: number;
  readonly hasItems: boolean;
}

/** Lays out batches of `batchSize` records with the fields `names`. Pure. */
export function createBatchLayout(
  schema: SchemaSpec,
  rows: RowLayout,
  names: readonly string[],
  batchSize: number,
  casts: Readonly<Record<string, Cast>> = {},
): BatchLayout {
  const take = createCursor();
  const rowsAt = take(batchSize * 4);
  const hasItems = names.some((name) => columnOf(rows, schema, name).column.kind === "variable");
  const basesAt = hasItems ? take(batchSize * 4) : 0;
  const laid = names.map((name) => {
    const { column, spec } = columnOf(rows, schema, name);
    return layField(column, spec, Object.hasOwn(casts, name) ? casts[name] : undefined, rows, batchSize, take);
  });
  return {
    batchSize,
    rowsAt,
    basesAt,
    tables: laid.flatMap(({ table }) => (table === undefined ? [] : [table])),
    fields: laid.map(({ field }) => field),
    gathers: laid.flatMap(({ gathers }) => gathers),
    itemsAt: take(0),
    hasItems,
  };
}

type Take = (bytes: number) => number;

/** Gives one place after another. */
function createCursor(): Take {
  let end = 0;
  return (bytes) => {
    const at = Math.ceil(end / COLUMN_ALIGNMENT) * COLUMN_ALIGNMENT;
    end = at + bytes;
    return at;
  };
}

function columnOf(rows: RowLayout, schema: SchemaSpec, name: string): { column: ColumnLayout; spec: FieldSpec } {
  const column = rows.columns.find((candidate) => candidate.name === name);
  const spec = Object.hasOwn(schema, name) ? schema[name] : undefined;
  if (column === undefined || spec === undefined) throw new RangeError(`no field ${JSON.stringify(name)}`);
  return { column, spec };
}

interface LaidField {
  readonly field: BatchField;
  readonly gathers: readonly FieldGather[];
  readonly table: PlacedTable | undefined;
}

function layField(
  column: ColumnLayout,
  stored: FieldSpec,
  cast: Cast | undefined,
  { maskOffset }: RowLayout,
  batchSize: number,
  take: Take,
): LaidField {
  const { name, nullBit, offset } = column;
  const spec = castSpec(stored, cast);
  const bytes = isFixed(spec) ? valueBytes(spec) : column.itemBytes;
  const at = take(isFixed(spec) ? batchSize * bytes : (batchSize + 1) * 4);
  const validityAt = nullBit < 0 ? undefined : take(Math.ceil(batchSize / 8));
  const table =
    cast === undefined || "oneHot" in cast || !isFixed(stored) ? undefined : place(castTable(cast, stored), take);
  const values = isFixed(stored) ? gatherFixed(offset, stored, bytes, at, cast, table) : gatherItems(column, at);
  const field: BatchField = { name, spec, kind: isFixed(spec) ? "fixed" : "items", at, valueBytes: bytes, validityAt };
  if (validityAt === undefined) return { field, gathers: [values], table };
  const validity = { kind: "validity", offset: maskOffset + (nullBit >> 3), bit: nullBit & 7, to: validityAt } as const;
  return { field, gathers: [values, validity], table };
}

function place(table: CastTable, take: Take): PlacedTable {
  const bytes = table.scale.byteLength;
  return { ...table, scaleAt: take(bytes), biasAt: take(bytes) };
}

function gatherItems({ offset, itemBytes }: ColumnLayout, to: number): FieldGather {
  return { kind: "items", offset, itemBytes, to };
}

function gatherFixed(
  offset: number,
  stored: FixedField,
  bytes: number,
  to: number,
  cast: Cast | undefined,
  table: PlacedTable | undefined,
): FieldGather {
  const type = numberType(stored.type);
  if (cast === undefined) return { kind: "bytes", offset, valueBytes: bytes, to };
  if ("oneHot" in cast) {
    return { kind: "oneHot", offset, type, classes: cast.oneHot, result: cast.dtype ?? "float32", to };
  }
  const { scaleAt = 0, biasAt = 0, scale } = table ?? {};
  const elements = elementCount(stored);
  const period = scale?.length ?? 0;
  return { kind: "cast", offset, elements, type, result: cast.dtype, scale: scaleAt, bias: biasAt, period, to };
}

function numberType(type: ScalarType): NumberType {
  return type === "bool" ? "uint8" : type;
}
