import { fields } from "../../src/dataset/fields.js";
import { type FakeOptions, listColumn, textColumn } from "./fake-loader.js";

export const RECORDS = 11;

/** Every kind of field, shaped, nullable and of varying size. */
export const everySchema = {
  bool: fields.bool(),
  uint8: fields.uint8(),
  int8: fields.int8(),
  uint16: fields.uint16(),
  int16: fields.int16(),
  uint32: fields.uint32(),
  int32: fields.int32(),
  uint64: fields.uint64(),
  int64: fields.int64(),
  float16: fields.float16(),
  float32: fields.float32(),
  float64: fields.float64(),
  image: fields.uint8([2, 3, 1]),
  mask: fields.bool([5]),
  vector: fields.float32([4]).nullable(),
  maybe: fields.int32().nullable(),
  maybeFlag: fields.bool().nullable(),
  text: fields.utf8(),
  maybeText: fields.utf8().nullable(),
  bytes: fields.binary(),
  meta: fields.json(),
  list: fields.list("int16"),
  flags: fields.list("bool").nullable(),
};

const rows = Array.from({ length: RECORDS }, (_, i) => i);

/** Eleven records of {@link everySchema}, made from their numbers. */
export function everyType(batchSize: number): FakeOptions<typeof everySchema> {
  return {
    schema: everySchema,
    records: RECORDS,
    batchSize,
    columns: {
      bool: Uint8Array.from(rows, (i) => i % 2),
      uint8: Uint8Array.from(rows, (i) => 255 - i),
      int8: Int8Array.from(rows, (i) => i - 128),
      uint16: Uint16Array.from(rows, (i) => 65535 - i),
      int16: Int16Array.from(rows, (i) => i - 32768),
      uint32: Uint32Array.from(rows, (i) => 2 ** 32 - 1 - i),
      int32: Int32Array.from(rows, (i) => i - 2 ** 31),
      uint64: BigUint64Array.from(rows, (i) => 2n ** 64n - 1n - BigInt(i)),
      int64: BigInt64Array.from(rows, (i) => BigInt(i) - 2n ** 63n),
      float16: Uint16Array.from(rows, (i) => 0x3c00 + i * 64), // 1 + i / 16
      float32: Float32Array.from(rows, (i) => i / 8),
      float64: Float64Array.from(rows, (i) => i / 10),
      image: Uint8Array.from({ length: RECORDS * 6 }, (_, i) => (i * 31) % 256),
      mask: Uint8Array.from({ length: RECORDS * 5 }, (_, i) => Number(i % 3 === 0)),
      vector: Float32Array.from({ length: RECORDS * 4 }, (_, i) => i / 4),
      maybe: Int32Array.from(rows, (i) => -i),
      maybeFlag: Uint8Array.from(rows, (i) => Number(i % 3 === 1)),
      text: textColumn(rows.map((i) => "Ψ ".repeat(i))),
      maybeText: textColumn(rows.map((i) => (i === 4 ? "" : `text ${i}`))),
      bytes: textColumn(rows.map((i) => Uint8Array.from({ length: i }, (_, k) => 255 - k))),
      meta: textColumn(rows.map((i) => JSON.stringify({ i, odd: i % 2 === 1 }))),
      list: listColumn(
        rows.map((i) => Int16Array.from({ length: (i * 5) % 7 }, (_, k) => k - i)),
        new Int16Array(),
      ),
      flags: listColumn(
        rows.map((i) => Uint8Array.from({ length: i === 2 ? 0 : i + 7 }, (_, k) => (k + i) % 2)),
        new Uint8Array(),
      ),
    },
    nulls: { vector: [0, 9], maybe: [1, 8, 10], maybeFlag: [3], maybeText: [4], flags: [2] },
  };
}
