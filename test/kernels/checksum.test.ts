import { crc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import xxhash from "xxhash-wasm";
import type { Kernels } from "../../src/kernels/index.js";
import { type Bench, highBench, lowBench, noise, seeds, WINDOW_BYTES, windowOf } from "./support.js";

const { h64Raw } = await xxhash();
const low = lowBench();
const high = highBench();

const runs = fc.record({
  seed: seeds,
  // Short runs are where the ends of the loops are; every address modulo 16.
  length: fc.oneof(fc.nat(200), fc.nat(WINDOW_BYTES - 64)),
  start: fc.nat(63),
  atEnd: fc.boolean(),
});

function eachRun(check: (kernels: Kernels, at: number, bytes: Uint8Array) => void): void {
  const property = fc.property(runs, ({ seed, length, start, atEnd }) => {
    for (const bench of [low, high]) {
      const offset = atEnd ? WINDOW_BYTES - length : start;
      windowOf(bench).set(noise(seed));
      const bytes = windowOf(bench).slice(offset, offset + length);
      for (const kernels of [bench.wasm, bench.plain]) check(kernels, bench.base + offset, bytes);
    }
  });
  fc.assert(property, { seed: 31, numRuns: 200 });
}

test("XXH64 is that of xxhash-wasm, for any length and address", () => {
  eachRun((kernels, at, bytes) => {
    const hash = h64Raw(bytes, 0n);
    const halves = [Number(hash & 0xffffffffn), Number(hash >> 32n)] as const;
    expect(kernels.matchesXxh64(at, bytes.length, ...halves)).toBe(true);
    expect(kernels.matchesXxh64(at, bytes.length, (halves[0] ^ 1) >>> 0, halves[1])).toBe(false);
    expect(kernels.matchesXxh64(at, bytes.length, halves[0], (halves[1] ^ 0x80000000) >>> 0)).toBe(false);
  });
});

test("CRC32 is that of zlib, for any length and address", () => {
  eachRun((kernels, at, bytes) => {
    const crc = crc32(bytes);
    expect(kernels.matchesCrc32(at, bytes.length, crc)).toBe(true);
    expect(kernels.matchesCrc32(at, bytes.length, (crc ^ 0x10000) >>> 0)).toBe(false);
  });
});

test("known values", () => {
  const text = new TextEncoder().encode("123456789");
  const check = ({ wasm, plain, base, memory }: Bench) => {
    new Uint8Array(memory.buffer).set(text, base);
    for (const kernels of [wasm, plain]) {
      expect(kernels.matchesCrc32(base, 9, 0xcbf43926)).toBe(true);
      expect(kernels.matchesXxh64(base, 9, 0x40e6ae83, 0x8cb841db)).toBe(true);
      expect(kernels.matchesXxh64(base, 0, 0x51d8e999, 0xef46db37)).toBe(true);
      expect(kernels.matchesCrc32(base, 0, 0)).toBe(true);
    }
  };
  check(low);
  check(high);
});
