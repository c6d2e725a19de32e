import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteReader } from "../../src/util/byte-reader.js";
import { ByteWriter } from "../../src/util/byte-writer.js";

const SEED = 20_261_124;
const field = fc.oneof(
  fc.record({ type: fc.constant("u8" as const), value: fc.nat(0xff) }),
  fc.record({ type: fc.constant("u16" as const), value: fc.nat(0xffff) }),
  fc.record({ type: fc.constant("u32" as const), value: fc.nat(0xffffffff) }),
  fc.record({ type: fc.constant("u64" as const), value: fc.maxSafeNat() }),
);

test("whatever is written is read again", () => {
  fc.assert(
    fc.property(fc.array(field), fc.uint8Array(), (fields, bytes) => {
      const writer = new ByteWriter(8 * fields.length + bytes.length + 3);
      for (const { type, value } of fields) writer[type](value);
      writer.bytes(bytes);
      writer.zeros(3);
      const reader = new ByteReader(writer.written(), "test");
      for (const { type, value } of fields) expect(reader[type]()).toBe(value);
      expect(reader.bytes(bytes.length)).toEqual(bytes);
      reader.zeros(3);
      reader.end();
    }),
    { seed: SEED },
  );
});

describe("ByteReader", () => {
  test("is little-endian and honours the view's offset", () => {
    const bytes = new Uint8Array([9, 1, 2, 3, 4, 0, 0, 0, 0]).subarray(1);
    expect(new ByteReader(bytes, "x").u32()).toBe(0x04030201);
    expect(new ByteReader(bytes, "x").u64()).toBe(0x04030201);
  });

  test("never reads past the end", () => {
    for (const read of ["u8", "u16", "u32", "u64"] as const) {
      const reader = new ByteReader(new Uint8Array(Number(read.slice(1)) / 8 - 1), "the test");
      expect(() => reader[read]()).toThrow(expect.objectContaining({ code: "E_CORRUPT" }));
      expect(() => reader[read]()).toThrow("the test");
    }
    const reader = new ByteReader(new Uint8Array(4), "the test");
    reader.u16();
    expect(() => reader.bytes(3)).toThrow(expect.objectContaining({ context: { what: "the test", offset: 2 } }));
    expect(reader.offset).toBe(2);
    for (const length of [-1, 0.5, Number.NaN]) expect(() => reader.bytes(length)).toThrow(RangeError);
  });

  test("refuses numbers above 2^53 - 1", () => {
    const bytes = new Uint8Array([0, 0, 0, 0, 0, 0, 0x20, 0]);
    expect(() => new ByteReader(bytes, "x").u64()).toThrow(expect.objectContaining({ code: "E_LIMIT" }));
  });

  test("refuses reserved bytes that are set, and bytes left over", () => {
    const reader = new ByteReader(new Uint8Array([0, 0, 1]), "x");
    reader.zeros(2);
    expect(() => reader.end()).toThrow("1 bytes too many");
    expect(() => reader.zeros(1)).toThrow("byte 2");
  });
});

describe("ByteWriter", () => {
  test("refuses values that do not fit, and fields past its end", () => {
    const writer = new ByteWriter(4);
    expect(() => writer.u8(256)).toThrow(RangeError);
    expect(() => writer.u16(-1)).toThrow(RangeError);
    expect(() => writer.u32(0.5)).toThrow(RangeError);
    expect(() => writer.u64(1)).toThrow(RangeError);
    expect(() => writer.bytes(new Uint8Array(5))).toThrow(RangeError);
    expect(writer.written().length).toBe(0);
  });
});
