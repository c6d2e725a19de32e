import { elementCount, type FieldSpec, isFixed, type ScalarType } from "../../src/core/format/schema.js";
import { fields } from "../../src/dataset/fields.js";
import type { NumericArray, Schema } from "../../src/dataset/types.js";
import { numberToHalf } from "../../src/util/half.js";
import { everyRecord, everySchema as schemaOf } from "./every-type.mjs";
import { type Column, type FakeOptions, listColumn, textColumn } from "./fake-loader.js";

export const RECORDS = 11;

/** Every kind of field, shaped, nullable and of varying size. */
export const everySchema = schemaOf(fields);

/** The first eleven records of `every-type.mjs` as columns. */
export function everyType(batchSize: number): FakeOptions<Schema> {
  const records = Array.from({ length: RECORDS }, (_, i) => everyRecord(i));
  const columns: Record<string, Column> = {};
  const nulls: Record<string, number[]> = {};
  for (const [name, { spec }] of Object.entries(everySchema)) {
    const values = records.map((record) => record[name]);
    columns[name] = columnOf(spec, values);
    nulls[name] = values.flatMap((value, row) => (value === null ? [row] : []));
  }
  return { schema: everySchema, records: RECORDS, batchSize, columns, nulls };
}

/** Makes an array of a length; `float16` stands as its bits, `bool` as bytes. */
const ARRAYS: Readonly<Record<ScalarType, (length: number) => NumericArray>> = {
  bool: (length) => new Uint8Array(length),
  uint8: (length) => new Uint8Array(length),
  int8: (length) => new Int8Array(length),
  uint16: (length) => new Uint16Array(length),
  int16: (length) => new Int16Array(length),
  uint32: (length) => new Uint32Array(length),
  int32: (length) => new Int32Array(length),
  uint64: (length) => new BigUint64Array(length),
  int64: (length) => new BigInt64Array(length),
  float16: (length) => new Uint16Array(length),
  float32: (length) => new Float32Array(length),
  float64: (length) => new Float64Array(length),
};

/** The values of one field as a batch has them; nulls are zeros or empty. */
function columnOf(spec: FieldSpec, values: readonly unknown[]): Column {
  if (!isFixed(spec)) {
    if (spec.item !== undefined) {
      const empty = ARRAYS[spec.item](0);
      return listColumn(
        values.map((value) => (value ?? empty) as NumericArray), // what everyRecord has for a list
        empty,
      );
    }
    return textColumn(values.map((value) => textOf(spec, value)));
  }
  const elements = elementCount(spec);
  const column = ARRAYS[spec.type](RECORDS * elements);
  for (const [row, value] of values.entries()) {
    const items = ArrayBuffer.isView(value) ? Array.from(value as Iterable<unknown> & ArrayBufferView) : [value ?? 0];
    for (const [i, item] of items.entries()) column[row * elements + i] = elementOf(spec.type, item) as never;
  }
  return column;
}

function textOf({ type }: FieldSpec, value: unknown): string | Uint8Array {
  if (value === null) return "";
  return type === "json" ? JSON.stringify(value) : (value as string | Uint8Array);
}

function elementOf(type: ScalarType, item: unknown): number | bigint {
  if (type === "float16") return numberToHalf(Number(item));
  return typeof item === "bigint" ? item : Number(item);
}
