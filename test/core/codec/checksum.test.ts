import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { ChecksumId } from "../../../src/core/codec/index.js";
import { blake3, byteShuffle, checksumOf, codecById, loadChecksums } from "../../../src/core/codec/index.js";

beforeAll(loadChecksums);

function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length + 5), 5);
  copy.set(bytes);
  return copy;
}

describe("checksums", () => {
  test("are the published ones", () => {
    const digits = Buffer.from("123456789");
    expect(checksumOf(1, digits)).toEqual({ low: 0xcbf43926, high: 0 });
    expect(checksumOf(2, new Uint8Array(0))).toEqual({ low: 0x51d8e999, high: 0xef46db37 });
    expect(checksumOf(2, Buffer.from("abc"))).toEqual({ low: 0xad770999, high: 0x44bc2cf5 });
  });

  test("are the same over shared memory, also after large input", () => {
    const large = Uint8Array.from({ length: 5_000_000 }, (_, i) => (i * 31) & 255);
    for (const id of [1, 2] as const) {
      const small = checksumOf(id, large.subarray(0, 1000));
      expect(checksumOf(id, shared(large))).toEqual(checksumOf(id, large));
      expect(checksumOf(id, shared(large.subarray(0, 1000)))).toEqual(small);
    }
    expect(blake3(shared(large))).toEqual(blake3(large));
  });

  test("an unknown one is an error", () => {
    expect(() => checksumOf(3 as ChecksumId, new Uint8Array(1))).toThrow(
      expect.objectContaining({ code: "E_CORRUPT" }),
    );
  });
});

test("an unknown codec is refused by its number", () => {
  for (const id of [3, 7, 255]) {
    expect(() => codecById(id)).toThrow(expect.objectContaining({ code: "E_CODEC" }));
    expect(() => codecById(id)).toThrow(`unknown codec ${id}`);
  }
});

describe("byte shuffle", () => {
  test("puts bytes of equal rank together", () => {
    const target = new Uint8Array(8);
    byteShuffle(Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]), 4, target);
    expect([...target]).toEqual([1, 5, 2, 6, 3, 7, 4, 8]);
  });

  test("for every item size: as the definition says", () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 3, 4, 8, 16), fc.uint8Array({ maxLength: 600 }), (itemBytes, bytes) => {
        const items = Math.floor(bytes.length / itemBytes);
        const source = shared(bytes.subarray(0, items * itemBytes));
        const shuffled = new Uint8Array(source.length);
        byteShuffle(source, itemBytes, shuffled);
        source.forEach((value, at) => {
          expect(shuffled[(at % itemBytes) * items + Math.floor(at / itemBytes)]).toBe(value);
        });
      }),
      { seed: 20_261_124, numRuns: 200 },
    );
  });

  test("refuses lengths that do not fit", () => {
    const bytes = new Uint8Array(6);
    for (const itemBytes of [0, 4, -1, 1.5, Number.NaN]) {
      expect(() => byteShuffle(bytes, itemBytes, new Uint8Array(6))).toThrow(RangeError);
    }
    expect(() => byteShuffle(bytes, 2, new Uint8Array(8))).toThrow(RangeError);
  });
});
