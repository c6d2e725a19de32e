import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { codecByName, decodeBytes, loadCodecs } from "../../../src/core/codec/index.js";
import type { Codec, CodecName } from "../../../src/core/codec/types.js";
import { isHexzError } from "../../../src/errors.js";

const NAMES: readonly CodecName[] = ["stored", "lz4", "zstd"];
const SEED = 20_261_124;

beforeAll(loadCodecs);

function levelOf(codec: Codec): number {
  return codec.levels?.default ?? 0;
}

/** Bytes with runs and repeats, so that every kind of token appears. */
function sample(lengthBytes: number): Uint8Array {
  return Uint8Array.from({ length: lengthBytes }, (_, i) => (i % 97 < 40 ? 7 : (i * i) >> 3));
}

/** `undefined` where decoding threw the right error, else the length it gave. */
function lengthOrError(codec: Codec, bytes: Uint8Array, encodedLength: number): number | undefined {
  try {
    return decodeBytes(codec, bytes, encodedLength).length;
  } catch (error) {
    if (isHexzError(error, "E_BLOCK_CORRUPT") && error.message.includes(codec.name)) return undefined;
    throw error;
  }
}

describe.each(NAMES)("codec %s", (name) => {
  const codec = codecByName(name);

  test("gives back any bytes, from plain and from shared memory", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), fc.integer({ min: 1, max: 50 }), (bytes, repeats) => {
        const raw = Uint8Array.from({ length: bytes.length * repeats }, (_, i) => bytes[i % bytes.length] ?? 0);
        const shared = new Uint8Array(new SharedArrayBuffer(raw.length));
        shared.set(raw);
        const stored = codec.encode(shared, levelOf(codec));
        const sharedStored = new Uint8Array(new SharedArrayBuffer(stored.length + 3)).subarray(3);
        sharedStored.set(stored);
        expect(Buffer.compare(decodeBytes(codec, stored, raw.length), raw)).toBe(0);
        expect(Buffer.compare(decodeBytes(codec, sharedStored, raw.length), raw)).toBe(0);
      }),
      { seed: SEED, numRuns: 60 },
    );
  });

  test("gives back blocks of 0 bytes, 1 byte and 3 MB", () => {
    for (const lengthBytes of [0, 1, 3_000_000]) {
      const raw = sample(lengthBytes);
      const decoded = decodeBytes(codec, codec.encode(raw, levelOf(codec)), lengthBytes);
      expect(Buffer.compare(decoded, raw)).toBe(0);
    }
  });

  test("gives the same bytes each time", () => {
    const raw = sample(100_000);
    const once = Uint8Array.from(codec.encode(raw, levelOf(codec)));
    expect(Buffer.compare(codec.encode(raw, levelOf(codec)), once)).toBe(0);
  });

  test("after any flipped bit: an error or the right length", () => {
    const raw = sample(700);
    const stored = Uint8Array.from(codec.encode(raw, levelOf(codec)));
    for (let bit = 0; bit < stored.length * 8; bit++) {
      const damaged = stored.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect([undefined, raw.length]).toContain(lengthOrError(codec, damaged, raw.length));
    }
  });

  test("every truncation is an error", () => {
    const raw = sample(700);
    const stored = codec.encode(raw, levelOf(codec));
    for (let length = 0; length < stored.length; length++) {
      expect(lengthOrError(codec, stored.subarray(0, length), raw.length), `${length} bytes`).toBeUndefined();
    }
  });

  test("bytes after the block are an error", () => {
    const raw = sample(700);
    const stored = codec.encode(raw, levelOf(codec));
    for (const junk of [[0], [1, 2, 3, 4], [...stored]]) {
      expect(lengthOrError(codec, Uint8Array.from([...stored, ...junk]), raw.length)).toBeUndefined();
    }
  });

  test("a wrong length in the index is an error that names both", () => {
    const raw = sample(700);
    const stored = codec.encode(raw, levelOf(codec));
    for (const claimed of [0, 1, 699, 701, 1 << 20]) {
      expect(() => decodeBytes(codec, stored, claimed)).toThrow(expect.objectContaining({ code: "E_BLOCK_CORRUPT" }));
      expect(() => decodeBytes(codec, stored, claimed)).toThrow(String(claimed));
    }
  });

  test("refuses lengths over the limit and lengths that are none", () => {
    const stored = codec.encode(sample(700), levelOf(codec));
    for (const claimed of [64 * 2 ** 20 + 1, 0x7fffffff, 0xffffffff, 2 ** 40, -1, 0.5, Number.NaN]) {
      expect(() => decodeBytes(codec, stored, claimed)).toThrow(expect.objectContaining({ code: "E_LIMIT" }));
    }
  });
});

test("every level of zstd round-trips", () => {
  const codec = codecByName("zstd");
  const raw = sample(20_000);
  for (let level = codec.levels?.min ?? 1; level <= (codec.levels?.max ?? 1); level++) {
    expect(Buffer.compare(decodeBytes(codec, codec.encode(raw, level), raw.length), raw)).toBe(0);
  }
});
