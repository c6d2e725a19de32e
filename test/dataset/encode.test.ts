import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRowLayout, rowsBytes } from "../../src/core/format/row-layout.js";
import type { SchemaSpec } from "../../src/core/format/schema.js";
import { createRowWriter } from "../../src/dataset/encode.js";
import { fields, schemaSpec } from "../../src/dataset/fields.js";
import type { Schema } from "../../src/dataset/types.js";
import { HexzError } from "../../src/errors.js";

function writerOf(schema: Schema) {
  const spec = schemaSpec(schema);
  return createRowWriter(spec, createRowLayout(spec));
}

/** What `action` throws. */
function errorOf(action: () => unknown): HexzError {
  try {
    action();
  } catch (error) {
    if (error instanceof HexzError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** Reads rows straight from FORMAT.md 6.2, one value at a time. */
function readNaively(raw: Uint8Array, count: number, schema: SchemaSpec): Record<string, unknown>[] {
  const layout = createRowLayout(schema);
  const view = new DataView(raw.buffer);
  return Array.from({ length: count }, (_, row) => {
    const base = row * layout.strideBytes;
    const entries = layout.columns.map((column) => {
      const at = base + column.offset;
      const bit = column.nullBit;
      const isNull = bit >= 0 && ((view.getUint8(base + layout.maskOffset + (bit >> 3)) >> (bit & 7)) & 1) === 0;
      if (isNull) return [column.name, null];
      if (column.kind === "variable") {
        const start = view.getUint32(at, true);
        return [column.name, raw.slice(start, start + view.getUint32(at + 4, true))];
      }
      return [column.name, raw.slice(at, at + column.valueBytes)];
    });
    return Object.fromEntries(entries);
  });
}

const schema = {
  small: fields.int8(),
  wide: fields.float64(),
  maybe: fields.int16().nullable(),
  shaped: fields.float32([5]),
  text: fields.utf8().nullable(),
  big: fields.int64(),
  list: fields.list("uint16"),
  blob: fields.binary(),
  json: fields.json(),
};
const spec = schemaSpec(schema);
const anyRecord = fc.record({
  small: fc.integer({ min: -128, max: 127 }),
  wide: fc.double(),
  maybe: fc.option(fc.integer({ min: -32768, max: 32767 })),
  shaped: fc.float32Array({ minLength: 5, maxLength: 5 }),
  text: fc.option(fc.string({ unit: "grapheme" })),
  big: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  list: fc.array(fc.integer({ min: 0, max: 65535 }), { maxLength: 9 }),
  blob: fc.uint8Array({ maxLength: 40 }),
  json: fc.jsonValue(),
});
type AnyRecord = typeof anyRecord extends fc.Arbitrary<infer T> ? T : never;

const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength).slice();
const utf8 = (text: string) => new TextEncoder().encode(text);

/** The bytes every field of a record must have. */
function expectedBytes(record: AnyRecord): Record<string, unknown> {
  return {
    small: bytesOf(Int8Array.of(record.small)),
    wide: bytesOf(Float64Array.of(record.wide)),
    maybe: record.maybe === null ? null : bytesOf(Int16Array.of(record.maybe)),
    shaped: bytesOf(record.shaped),
    text: record.text === null ? null : utf8(record.text),
    big: bytesOf(BigInt64Array.of(record.big)),
    list: bytesOf(Uint16Array.from(record.list)),
    blob: record.blob,
    json: utf8(JSON.stringify(record.json)),
  };
}

describe("createRowWriter", () => {
  it("writes the rows and heaps of FORMAT.md, in any division into blocks", () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { minLength: 1, maxLength: 30 }), fc.nat(), (records, pick) => {
        const writer = createRowWriter(spec, createRowLayout(spec));
        for (const record of records) writer.add(record);
        const first = pick % (records.length + 1);
        const blocks = [writer.take(first), writer.take()];
        const read = blocks.flatMap(({ raw, count }) => readNaively(raw, count, spec));
        expect(read).toEqual(records.map(expectedBytes));
        expect(writer.count).toBe(0);
      }),
      { seed: 11, numRuns: 200 },
    );
  });

  it("leaves padding and null values zero, and puts offsets of empty values where their bytes would be", () => {
    const writer = writerOf({ a: fields.utf8(), b: fields.binary().nullable(), c: fields.uint16().nullable() });
    writer.add({ a: "abc", b: Uint8Array.of(9), c: null });
    writer.add({ a: "", b: null, c: 7 });
    const { raw } = writer.take();
    const word = (at: number) => new DataView(raw.buffer).getUint32(at, true);
    const stride = 20;
    const heaps = rowsBytes(createRowLayout(schemaSpec({ a: fields.utf8() })), 5); // 40 bytes of rows, padded to 48
    expect([word(0), word(4), word(8), word(12)]).toEqual([heaps, 3, heaps + 16, 1]);
    expect([word(stride), word(stride + 4)]).toEqual([heaps + 3, 0]);
    expect([word(stride + 8), word(stride + 12)]).toEqual([heaps + 17, 0]);
    expect([raw[16], raw[17], raw[18], raw[19]]).toEqual([0, 0, 1, 0]);
    expect(raw.length).toBe(heaps + 32);
    expect(raw.subarray(heaps + 3, heaps + 16).every((byte) => byte === 0)).toBe(true);
  });

  it("gives the size of each record and of the block", () => {
    const writer = writerOf({ id: fields.uint32(), text: fields.utf8() });
    expect(writer.add({ id: 1, text: "é" })).toBe(12 + 2);
    expect(writer.rawBytes).toBe(16 + 16);
    expect(writer.take().raw.length).toBe(32);
    expect(writer.rawBytes).toBe(0);
  });

  it("hashes a record as its row with offsets zero, then its variable values, wherever it stands", () => {
    const bytes = [0, 5].map((before) => {
      const writer = writerOf({ id: fields.uint16(), text: fields.utf8(), blob: fields.binary() });
      for (let i = 0; i < before; i++) writer.add({ id: i, text: "before", blob: new Uint8Array(3) });
      writer.add({ id: 7, text: "ab", blob: Uint8Array.of(5) });
      return Buffer.from(writer.lastRecord()).toString("hex");
    });
    expect(bytes[0]).toBe(`0700 0000 00000000 02000000 00000000 01000000 6162 05`.replaceAll(" ", ""));
    expect(bytes[1]).toBe(bytes[0]);
  });

  it("copies at once: the caller may reuse what it gave", () => {
    const writer = writerOf({ image: fields.uint8([3]), list: fields.list("int8") });
    const image = Uint8Array.of(1, 2, 3);
    writer.add({ image, list: Int8Array.of(-1) });
    image.fill(9);
    expect([...writer.take().raw.subarray(0, 3)]).toEqual([1, 2, 3]);
  });

  it("converts arrays of numbers and other typed arrays element by element", () => {
    const writer = writerOf({ half: fields.float16([2]), flags: fields.bool([3]), ids: fields.int64([2]) });
    writer.add({ half: Float32Array.of(1, 65520), flags: [1, 0, true], ids: [-1, 2n] });
    writer.add({
      half: [Number.NaN, -(2 ** -24)],
      flags: Uint8Array.of(0, 1, 1),
      ids: BigInt64Array.of(5n, -(2n ** 63n)),
    });
    const rows = readNaively(
      writer.take().raw,
      2,
      schemaSpec({ half: fields.float16([2]), flags: fields.bool([3]), ids: fields.int64([2]) }),
    );
    expect(rows).toEqual([
      {
        half: bytesOf(Uint16Array.of(0x3c00, 0x7c00)),
        flags: Uint8Array.of(1, 0, 1),
        ids: bytesOf(BigInt64Array.of(-1n, 2n)),
      },
      {
        half: bytesOf(Uint16Array.of(0x7e00, 0x8001)),
        flags: Uint8Array.of(0, 1, 1),
        ids: bytesOf(BigInt64Array.of(5n, -(2n ** 63n))),
      },
    ]);
  });

  it("takes names such as __proto__ as data", () => {
    const named = Object.fromEntries([
      ["__proto__", fields.uint8()],
      ["constructor", fields.uint8()],
    ]);
    const writer = writerOf(named);
    writer.add(JSON.parse('{ "__proto__": 4, "constructor": 5 }'));
    expect([...writer.take().raw]).toEqual([4, 5]);
    const error = errorOf(() => writer.add({ constructor: 5 }));
    expect(error.context).toMatchObject({ record: 1, field: "__proto__", received: "nothing" });
  });
});

const cycle: { self?: unknown } = {};
cycle.self = cycle;

describe("a record that does not fit", () => {
  const misfits: [name: string, schema: Schema, record: unknown, field: string | undefined, message: RegExp][] = [
    [
      "out of range",
      { a: fields.int8() },
      { a: 300 },
      "a",
      /record 1, field "a": expected an integer in \[-128, 127\], got 300/,
    ],
    ["not an integer", { a: fields.uint32() }, { a: 1.5 }, "a", /expected an integer in \[0, 4294967295\], got 1.5/],
    ["NaN for an integer", { a: fields.int16() }, { a: Number.NaN }, "a", /got NaN/],
    ["text for a number", { a: fields.float32() }, { a: "1" }, "a", /expected a number, got "1"/],
    ["number for a bool", { a: fields.bool() }, { a: 2 }, "a", /expected true or false, got 2/],
    ["an unsafe integer", { a: fields.int64() }, { a: 2 ** 53 }, "a", /got 9007199254740992/],
    ["a negative uint64", { a: fields.uint64() }, { a: -1n }, "a", /got -1n/],
    ["a bigint over int64", { a: fields.int64() }, { a: 2n ** 63n }, "a", /got 9223372036854775808n/],
    ["missing", { a: fields.int8().nullable() }, {}, "a", /expected a value, got nothing/],
    ["undefined", { a: fields.int8() }, { a: undefined }, "a", /expected a value, got nothing/],
    ["inherited only", { a: fields.int8() }, Object.create({ a: 1 }), "a", /expected a value, got nothing/],
    ["unknown", { a: fields.int8() }, { a: 1, b: 2 }, "b", /expected no such field/],
    ["null", { a: fields.utf8() }, { a: null }, "a", /expected a string, got null/],
    [
      "too short",
      { a: fields.uint8([2, 2]) },
      { a: new Uint8Array(3) },
      "a",
      /4 values \(shape \[2, 2\]\) of uint8, got Uint8Array of 3 values/,
    ],
    ["no array", { a: fields.uint8([2]) }, { a: 7 }, "a", /got 7/],
    ["a wrong element", { a: fields.uint8([2]) }, { a: [1, 256] }, "a", /got 256 at index 1/],
    ["a bool of 2", { a: fields.bool([2]) }, { a: Uint8Array.of(1, 2) }, "a", /got 2 at index 1/],
    ["half bits", { a: fields.float16([1]) }, { a: Uint16Array.of(1) }, "a", /got Uint16Array of 1 values/],
    ["a wrong list item", { a: fields.list("int8") }, { a: [1, "2"] }, "a", /got "2" at index 1/],
    ["no list", { a: fields.list("int8") }, { a: {} }, "a", /expected an array of int8, got an object/],
    [
      "a lone surrogate",
      { a: fields.utf8() },
      { a: "ab\ud800" },
      "a",
      /well-formed text, got a string with a lone surrogate at index 2/,
    ],
    ["no bytes", { a: fields.binary() }, { a: [1] }, "a", /expected a Uint8Array, got an array of 1 values/],
    ["a function in JSON", { a: fields.json() }, { a: { b: () => 1 } }, "a", /got a function at key "b"/],
    ["undefined in JSON", { a: fields.json() }, { a: [undefined] }, "a", /got undefined at key "0"/],
    ["NaN in JSON", { a: fields.json() }, { a: Number.NaN }, "a", /got NaN/],
    ["a bigint in JSON", { a: fields.json() }, { a: 1n }, "a", /got the bigint 1/],
    ["a map in JSON", { a: fields.json() }, { a: new Map() }, "a", /got a Map/],
    ["a cycle in JSON", { a: fields.json() }, { a: cycle }, "a", /cannot be written/],
    [
      "no object",
      { a: fields.int8() },
      5,
      undefined,
      /record 1: expected an object with a value for each field, got 5/,
    ],
  ];

  it.each(misfits)("%s: is E_RECORD and leaves the block as it was", (_, schema, record, field, message) => {
    const writer = writerOf(schema);
    const first = firstRecord(schema);
    writer.add(first);
    const error = errorOf(() => writer.add(record));
    expect(error.code).toBe("E_RECORD");
    expect(error.message).toMatch(message);
    expect(error.context).toMatchObject({ record: 1, ...(field === undefined ? {} : { field }) });
    expect(Object.keys(error.context)).toEqual(expect.arrayContaining(["expected", "received"]));
    const clean = writerOf(schema);
    clean.add(first);
    expect(writer.take()).toEqual(clean.take());
  });

  it("that no block can hold is E_LIMIT, before it is copied", () => {
    const writer = writerOf({ a: fields.binary() });
    const error = errorOf(() => writer.add({ a: new Uint8Array(64 * 2 ** 20 + 1) }));
    expect(error).toMatchObject({ code: "E_LIMIT", context: { record: 0, field: "a", received: "67108865 bytes" } });
  });
});

/** A record that fits a schema of one field. */
function firstRecord(schema: Schema): Record<string, unknown> {
  const spec = schemaSpec(schema);
  return Object.fromEntries(Object.entries(spec).map(([name, field]) => [name, valueFor(field)]));
}

function valueFor(field: SchemaSpec[string]): unknown {
  if (field.type === "utf8" || field.type === "json") return "text";
  if (field.type === "binary") return Uint8Array.of(1);
  if (field.type === "list") return [1];
  if ("shape" in field && field.shape.length > 0) return new Array(field.shape.reduce((a, b) => a * b, 1)).fill(1);
  return 1;
}
