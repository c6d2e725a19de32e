import { describe, expect, expectTypeOf, it } from "vitest";
import { SCALAR_TYPES, type SchemaSpec } from "../../src/core/format/schema.js";
import { fields, schemaFromSpec, schemaSpec } from "../../src/dataset/fields.js";
import type { ColumnsOf, JsonValue, RecordInput, RecordOf, Schema, VariableColumn } from "../../src/dataset/types.js";

const SCHEMA = {
  flag: fields.bool(),
  mask: fields.bool([4]),
  image: fields.uint8([28, 28, 1]),
  label: fields.int32(),
  id: fields.int64(),
  ids: fields.uint64([2]),
  half: fields.float16(),
  halves: fields.float16([3]),
  weight: fields.float64().nullable(),
  caption: fields.utf8(),
  note: fields.utf8().nullable(),
  blob: fields.binary(),
  extra: fields.json(),
  tokens: fields.list("uint16"),
  scores: fields.list("float16").nullable(),
};
type S = typeof SCHEMA;

describe("types of a schema", () => {
  it("gives the record", () => {
    expectTypeOf<RecordOf<S>>().toEqualTypeOf<{
      flag: boolean;
      mask: Uint8Array;
      image: Uint8Array;
      label: number;
      id: bigint;
      ids: BigUint64Array;
      half: number;
      halves: Float32Array;
      weight: number | null;
      caption: string;
      note: string | null;
      blob: Uint8Array;
      extra: JsonValue;
      tokens: Uint16Array;
      scores: Float32Array | null;
    }>();
  });

  it("gives what pack accepts, a superset of the record", () => {
    expectTypeOf<RecordOf<S>>().toExtend<RecordInput<S>>();
    expectTypeOf<RecordInput<S>["image"]>().toEqualTypeOf<Uint8Array | readonly number[]>();
    expectTypeOf<RecordInput<S>["id"]>().toEqualTypeOf<number | bigint>();
    expectTypeOf<RecordInput<S>["ids"]>().toEqualTypeOf<BigUint64Array | readonly bigint[]>();
    expectTypeOf<RecordInput<S>["weight"]>().toEqualTypeOf<number | null>();
    expectTypeOf<RecordInput<S>["scores"]>().toEqualTypeOf<Float32Array | readonly number[] | null>();
  });

  it("gives the columns", () => {
    expectTypeOf<ColumnsOf<S>>().toEqualTypeOf<{
      flag: Uint8Array;
      mask: Uint8Array;
      image: Uint8Array;
      label: Int32Array;
      id: BigInt64Array;
      ids: BigUint64Array;
      half: Uint16Array;
      halves: Uint16Array;
      weight: Float64Array;
      caption: VariableColumn<string, Uint8Array>;
      note: VariableColumn<string | null, Uint8Array>;
      blob: VariableColumn<Uint8Array, Uint8Array>;
      extra: VariableColumn<JsonValue, Uint8Array>;
      tokens: VariableColumn<Uint16Array, Uint16Array>;
      scores: VariableColumn<Float32Array | null, Uint16Array>;
    }>();
  });

  it("is a Schema", () => {
    expectTypeOf<S>().toExtend<Schema>();
  });
});

describe("fields", () => {
  it("describe themselves", () => {
    expect(fields.uint8([28, 28, 1]).spec).toEqual({ type: "uint8", shape: [28, 28, 1], nullable: false });
    expect(fields.int32().nullable().spec).toEqual({ type: "int32", shape: [], nullable: true });
    expect(fields.list("float32").spec).toEqual({ type: "list", item: "float32", nullable: false });
    expect(fields.json().spec).toEqual({ type: "json", nullable: false });
  });

  it("exist for every scalar type", () => {
    for (const type of SCALAR_TYPES) expect(fields[type]([2]).spec).toEqual({ type, shape: [2], nullable: false });
  });

  it("do not change: nullable() makes a new field, the shape is copied and frozen", () => {
    const shape = [2, 3];
    const field = fields.float32(shape);
    field.nullable();
    shape[0] = 9;
    expect(field.spec).toEqual({ type: "float32", shape: [2, 3], nullable: false });
    expect(Object.isFrozen(field)).toBe(true);
    expect(Object.isFrozen(field.spec)).toBe(true);
    expect("shape" in field.spec && Object.isFrozen(field.spec.shape)).toBe(true);
  });

  it.each([
    [[0], /shape\[0\] must be an integer >= 1, got 0/],
    [[3, 1.5], /shape\[1\] must be an integer >= 1, got 1.5/],
    [[Number.NaN], /got NaN/],
    [[1, 1, 1, 1, 1, 1, 1, 1, 1], /at most 8 dimensions, got 9/],
    [[2 ** 30, 2 ** 30], /more bytes than an integer can count/],
  ])("refuse the shape %j", (shape, message) => {
    expect(() => fields.uint8(shape)).toThrow(RangeError);
    expect(() => fields.uint8(shape)).toThrow(message);
  });

  it("refuse what is no shape and no scalar name", () => {
    expect(() => fields.uint8(28 as never)).toThrow(
      new TypeError("fields.uint8: shape must be an array of integers, got 28"),
    );
    expect(() => fields.uint8(["28" as never])).toThrow(TypeError);
    expect(() => fields.list("string" as never)).toThrow(/item must be one of bool, .* got string/);
  });
});

describe("schemaSpec and schemaFromSpec", () => {
  it("are inverse", () => {
    const spec = schemaSpec(SCHEMA);
    expect(Object.keys(spec)).toEqual(Object.keys(SCHEMA));
    expect(schemaSpec(schemaFromSpec(spec))).toEqual(spec);
  });

  it("take __proto__ and constructor as names like any other", () => {
    const spec = schemaSpec({ ["__proto__"]: fields.int8(), constructor: fields.utf8() });
    expect(Object.keys(spec)).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(spec)).toBeNull();
    expect(Object.keys(schemaFromSpec(spec))).toEqual(["__proto__", "constructor"]);
  });

  it.each([
    ["", /1 to 256 bytes, got 0/],
    ["ä".repeat(129), /1 to 256 bytes, got 258/],
    ["a\nb", /"a\\nb" must have a name without control characters/],
    ["\ud800", /lone surrogates/],
  ])("refuse the name %j", (name, message) => {
    const act = () => schemaSpec({ [name]: fields.int32() });
    expect(act).toThrow(expect.objectContaining({ code: "E_SCHEMA" }));
    expect(act).toThrow(message);
  });

  it.each<[string, unknown, RegExp]>([
    ["nothing", {}, /1 to 4096 fields, got 0/],
    ["no object", null, /is an object of fields, got null/],
    ["an unknown type", { a: { type: "int24", shape: [], nullable: false } }, /"a" has the unknown type int24/],
    ["a name of the prototype", { a: { type: "toString", nullable: false } }, /unknown type toString/],
    ["a bad shape", { a: { type: "int32", shape: [0], nullable: false } }, /"a" is not valid: .*integer >= 1, got 0/],
    ["a missing shape", { a: { type: "int32", shape: null, nullable: false } }, /must be an array/],
    ["a bad item", { a: { type: "list", item: "utf8", nullable: false } }, /item must be one of/],
    ["no nullable", { a: { type: "utf8" } }, /neither nullable/],
  ])("refuse a description with %s", (_, spec, message) => {
    const act = () => schemaFromSpec(spec as SchemaSpec);
    expect(act).toThrow(expect.objectContaining({ code: "E_SCHEMA" }));
    expect(act).toThrow(message);
  });

  it("refuse values that are no fields, and too many fields", () => {
    expect(() => schemaSpec({ a: "int32" as never })).toThrow(/"a" is not a field/);
    const many = Object.fromEntries(Array.from({ length: 4097 }, (_, i) => [`f${i}`, fields.bool()]));
    expect(() => schemaSpec(many)).toThrow(/got 4097/);
  });
});
