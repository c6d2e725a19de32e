import fc from "fast-check";
import type { FieldSpec, ScalarType, SchemaSpec } from "../../src/core/format/schema.js";
import { elementCount, isFixed, SCALAR_TYPES } from "../../src/core/format/schema.js";
import { columnArray } from "../../src/dataset/elements.js";
import type { NumericArray } from "../../src/dataset/types.js";
import { halfToNumber } from "../../src/util/half.js";

/** Element values that a round trip must keep; `Object.is` tells −0 and NaN apart from their neighbours. */
const ELEMENTS: Readonly<Record<ScalarType, fc.Arbitrary<number | bigint>>> = {
  bool: fc.integer({ min: 0, max: 1 }),
  uint8: fc.integer({ min: 0, max: 255 }),
  int8: fc.integer({ min: -128, max: 127 }),
  uint16: fc.integer({ min: 0, max: 65_535 }),
  int16: fc.integer({ min: -32_768, max: 32_767 }),
  uint32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  int32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  uint64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  int64: fc.oneof(fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n)), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  float16: fc.oneof(fc.constantFrom(Number.NaN, -0, 6e-8), fc.integer({ min: 0, max: 65_535 })).map(asHalf),
  float32: fc.oneof(fc.constantFrom(Number.NaN, -0), fc.float()),
  float64: fc.oneof(fc.constantFrom(Number.NaN, -0), fc.double()),
};

function asHalf(value: number): number {
  return Number.isInteger(value) && !Object.is(value, -0) ? halfToNumber(value) : value === 6e-8 ? 2 ** -24 : value;
}

function arrayOf(type: ScalarType, values: readonly (number | bigint)[]): NumericArray {
  if (type === "float16") return Float32Array.from(values as number[]);
  const array = columnArray(type, new Uint8Array(values.length * 8)).subarray(0, values.length);
  // The arbitrary of `type` gives bigints for 64-bit integers and numbers for all others.
  for (const [i, value] of values.entries()) (array as unknown as (number | bigint)[])[i] = value;
  return array.slice();
}

function arbitraryValue(field: FieldSpec): fc.Arbitrary<unknown> {
  if (isFixed(field)) {
    if (field.shape.length === 0) {
      return field.type === "bool" ? fc.boolean() : ELEMENTS[field.type];
    }
    const length = elementCount(field);
    const { type } = field;
    return fc.array(ELEMENTS[type], { minLength: length, maxLength: length }).map((values) => arrayOf(type, values));
  }
  if (field.type === "utf8") return fc.string({ unit: "grapheme", maxLength: 20 });
  if (field.type === "binary") return fc.uint8Array({ maxLength: 100 });
  // A JSON null is the null of a nullable field, and JSON has no −0.
  if (field.type === "json") return fc.array(fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value))));
  const item = field.item ?? "uint8";
  return fc.array(ELEMENTS[item], { maxLength: 20 }).map((values) => arrayOf(item, values));
}

const scalarType = fc.constantFrom(...SCALAR_TYPES);
const shape = fc.oneof(
  fc.constant([]),
  fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
  fc.constant([9, 8]),
);

export const fieldSpec: fc.Arbitrary<FieldSpec> = fc.oneof(
  fc.record({ type: scalarType, shape, nullable: fc.boolean() }),
  fc.record({ type: fc.constantFrom("utf8" as const, "binary" as const, "json" as const), nullable: fc.boolean() }),
  fc.record({ type: fc.constant("list" as const), item: scalarType, nullable: fc.boolean() }),
);

const names = ["a", "b", "__proto__", "constructor", "c", "toString", "d", "e", "f", "g", "h", "i"];

/** A schema and records that fit it. */
export const dataset: fc.Arbitrary<{ schema: SchemaSpec; records: Record<string, unknown>[] }> = fc
  .array(fieldSpec, { minLength: 1, maxLength: names.length })
  .chain((specs) => {
    const schema = Object.fromEntries(specs.map((spec, i) => [names[i] ?? "", spec]));
    const values = specs.map((spec) => (spec.nullable ? fc.option(arbitraryValue(spec)) : arbitraryValue(spec)));
    const record = fc.tuple(...values).map((row) => Object.fromEntries(row.map((value, i) => [names[i] ?? "", value])));
    return fc.record({ schema: fc.constant(schema), records: fc.array(record, { minLength: 1, maxLength: 30 }) });
  });
