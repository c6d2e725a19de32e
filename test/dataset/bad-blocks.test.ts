import { describe, expect, it } from "vitest";
import { createRowLayout } from "../../src/core/format/row-layout.js";
import type { FieldSpec, SchemaSpec } from "../../src/core/format/schema.js";
import { createRecordReader } from "../../src/dataset/decode.js";
import { createRowWriter } from "../../src/dataset/encode.js";
import { createVariableColumn } from "../../src/dataset/variable-column.js";

/** A block of one record with the one field `x`, and what reads it. */
function blockOf(field: FieldSpec, x: unknown) {
  const schema: SchemaSpec = { x: field };
  const layout = createRowLayout(schema);
  const writer = createRowWriter(schema, layout);
  writer.add({ x });
  const { raw } = writer.take();
  const reader = createRecordReader(schema, layout);
  return {
    raw,
    slot: new DataView(raw.buffer, raw.byteOffset),
    read: (row = 0) => reader.read(raw, row, 41),
  };
}

const LIST: FieldSpec = { type: "list", item: "int32", nullable: false };
const TEXT: FieldSpec = { type: "utf8", nullable: false };
const JSON_TEXT: FieldSpec = { type: "json", nullable: false };
const damaged = expect.objectContaining({ code: "E_BLOCK_CORRUPT" });

describe("a value outside its block", () => {
  it.each([
    ["begins past the end", 2 ** 32 - 4, 4],
    ["ends past the end", 16, 4096],
    ["wraps around 2^32", 2 ** 32 - 8, 2 ** 32 - 8],
    ["is not whole items", 16, 3],
  ])("that %s is refused", (_, start, length) => {
    const block = blockOf(LIST, [1, 2, 3]);
    block.slot.setUint32(0, start, true);
    block.slot.setUint32(4, length, true);
    expect(() => block.read()).toThrow(damaged);
    expect(() => block.read()).toThrow(/field "x" of record 41/);
  });

  it("a row that is not there is refused, never zeros", () => {
    const block = blockOf({ type: "int32", shape: [], nullable: false }, 7);
    expect(() => block.read(1)).toThrow(damaged);
  });
});

describe("text and JSON", () => {
  it.each([
    ["short", "abc"],
    ["long", "a text of more than eight bytes"],
  ])("malformed %s text is refused", (_, text) => {
    const block = blockOf(TEXT, text);
    block.raw[17] = 0xff;
    expect(() => block.read()).toThrow(/field "x" of record 41/);
    expect(() => block.read()).toThrow(damaged);
  });

  it("malformed JSON is refused", () => {
    const block = blockOf(JSON_TEXT, { a: 1 });
    block.raw[16] = 0x5b;
    expect(() => block.read()).toThrow(damaged);
  });

  it("keeps a byte order mark", () => {
    expect(blockOf(TEXT, "\ufeffx").read()).toEqual({ x: "\ufeffx" });
  });

  it("a key __proto__ is data", () => {
    const block = blockOf(JSON_TEXT, JSON.parse('{"__proto__": {"polluted": true}}'));
    const { x } = block.read() as { x: Record<string, unknown> };
    expect(Object.keys(x)).toEqual(["__proto__"]);
    expect(x.polluted).toBeUndefined();
  });
});

describe("names", () => {
  it("a field __proto__ is an own property of a record that is otherwise plain", () => {
    const schema: SchemaSpec = Object.fromEntries([["__proto__", { type: "uint8", shape: [], nullable: false }]]);
    const layout = createRowLayout(schema);
    const record = createRecordReader(schema, layout).read(Uint8Array.of(5), 0, 0);
    expect(Object.entries(record)).toEqual([["__proto__", 5]]);
    expect(Object.getPrototypeOf(record)).toBe(Object.prototype);
  });

  it("an unknown name is refused when the reader is made", () => {
    const schema: SchemaSpec = { a: TEXT };
    const layout = createRowLayout(schema);
    expect(() => createRecordReader(schema, layout, ["toString"])).toThrow(TypeError);
    expect(() => createRecordReader(schema, layout, ["b"])).toThrow(/the fields are "a"/);
  });
});

describe("a variable column", () => {
  const column = createVariableColumn(LIST, Int32Array.of(0, 2, 2), new Uint8Array(8), Uint8Array.of(0b01));

  it("gives views of its data, and null where there is no value", () => {
    const first = column.at(0) as Int32Array;
    expect(first.buffer).toBe(column.data.buffer);
    expect(first).toEqual(new Int32Array(2));
    expect(column.at(1)).toBeNull();
  });

  it.each([-1, 2, 0.5])("has no row %d", (row) => {
    expect(() => column.at(row)).toThrow(RangeError);
  });
});
