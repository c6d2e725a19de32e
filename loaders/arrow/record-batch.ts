import { type Schema as ArrowSchema, Data, type DataType, RecordBatch, Struct } from "apache-arrow";
import type { Batch, FieldSpec, NumericArray, Schema, VariableColumn } from "../../src/index.js";
import type { ArrowColumns } from "./arrow-schema.js";

/**
 * One batch as an Arrow RecordBatch over the same memory: no value is copied but bools, which Arrow packs into bits.
 *
 * @param schema made by `arrowSchema` from the batch's own schema.
 */
export function toRecordBatch<S extends Schema, Names extends string>(
  batch: Batch<S>,
  schema: ArrowSchema<ArrowColumns<Names>>,
): RecordBatch<ArrowColumns<Names>> {
  // Every batch has a column for each field of its schema; by name any column will do here.
  const columns = batch.columns as Readonly<Record<string, NumericArray | VariableColumn>>;
  const validity = batch.validity as Readonly<Record<string, Uint8Array | undefined>>;
  const children = schema.fields.map(({ name, type }) => {
    const spec = batch.schema[name];
    const column = columns[name];
    if (spec === undefined || column === undefined)
      throw new TypeError(`the batch has no column ${JSON.stringify(name)}, which the Arrow schema names`);
    return columnData(type, spec, column, batch.size, validity[name]);
  });
  const struct = new Struct<ArrowColumns<Names>>(schema.fields);
  return new RecordBatch(schema, new Data(struct, 0, batch.size, 0, {}, children));
}

function columnData(
  type: DataType,
  spec: FieldSpec,
  column: NumericArray | VariableColumn,
  size: number,
  validity: Uint8Array | undefined,
): Data {
  const nullCount = validity === undefined ? 0 : -1; // -1: counted by Arrow when it is asked for
  if ("offsets" in column) return variableData(type, spec, column, size, nullCount, validity);
  if (!("shape" in spec) || spec.shape.length === 0)
    return new Data(type, 0, size, nullCount, { 1: packed(spec.type, column), ...bitmap(validity) });
  const items = new Data(itemType(type), 0, column.length, 0, { 1: packed(spec.type, column) });
  return new Data(type, 0, size, nullCount, bitmap(validity), [items]);
}

function variableData(
  type: DataType,
  spec: FieldSpec,
  { offsets, data }: VariableColumn,
  size: number,
  nullCount: number,
  validity: Uint8Array | undefined,
): Data {
  if (spec.type !== "list") return new Data(type, 0, size, nullCount, { 0: offsets, 1: data, ...bitmap(validity) });
  const item = "item" in spec ? spec.item : undefined;
  const items = new Data(itemType(type), 0, data.length, 0, { 1: packed(item, data) });
  return new Data(type, 0, size, nullCount, { 0: offsets, ...bitmap(validity) }, [items]);
}

/** Arrow's buffers by number: 0 offsets, 1 values, 2 validity. */
function bitmap(validity: Uint8Array | undefined): { 2?: Uint8Array } {
  return validity === undefined ? {} : { 2: validity };
}

function itemType(list: DataType): DataType {
  const item = list.children?.[0];
  if (item === undefined) throw new TypeError(`${String(list)} is not a list`);
  return item.type;
}

function packed(type: string | undefined, values: NumericArray): NumericArray {
  return type === "bool" ? packBits(values) : values;
}

/** Bytes 0 or 1 as bits, least significant first. */
export function packBits(values: NumericArray): Uint8Array {
  const bits = new Uint8Array((values.length + 7) >> 3);
  for (let i = 0; i < values.length; i++) {
    if (values[i]) bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7));
  }
  return bits;
}
