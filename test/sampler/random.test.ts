import fc from "fast-check";
import { expect, test } from "vitest";
import { deriveKey } from "../../src/sampler/hash.js";
import { createRandom } from "../../src/sampler/random.js";
import { chiSquared, chiSquaredBound, range, sorted } from "./support.js";

test("the same key gives the same stream, another key another, on every release", () => {
  const stream = (seed: number) => {
    const random = createRandom(deriveKey(seed));
    return range(4).map(() => random.uint32());
  };
  expect(stream(1)).toEqual(stream(1));
  expect(stream(1)).not.toEqual(stream(2));
  expect(stream(1)).toMatchInlineSnapshot(`
    [
      2720971431,
      328270848,
      2201676419,
      594633071,
    ]
  `);
});

test("below(n) is uniform for small n, odd n, and n past 32 bits", () => {
  const random = createRandom(deriveKey(3));
  for (const [limit, bins] of [
    [7, 7],
    [1000, 1000],
    [3 * 2 ** 19, 96],
    [3 * 2 ** 30, 96],
    [3 * 2 ** 51, 96],
    [2 ** 53, 64],
  ] as const) {
    const counts = new Array<number>(bins).fill(0);
    let outside = 0;
    for (let draw = 0; draw < 50_000; draw++) {
      const value = random.below(limit);
      if (!Number.isSafeInteger(value) || value < 0 || value >= limit) outside++;
      const bin = Math.floor(value / (limit / bins));
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    expect(outside).toBe(0);
    expect(chiSquared(counts)).toBeLessThan(chiSquaredBound(bins - 1));
  }
  expect(random.below(1)).toBe(0);
});

test("low bits of large draws are random too", () => {
  const random = createRandom(deriveKey(4));
  const counts = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let draw = 0; draw < 40_000; draw++) {
    const bin = random.below(2 ** 52 + 8) % 8;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  expect(chiSquared(counts)).toBeLessThan(chiSquaredBound(7));
});

test("below refuses a limit outside 1 to 2^53", () => {
  const random = createRandom(deriveKey(5));
  for (const limit of [0, -1, Number.NaN, 2 ** 53 + 2]) expect(() => random.below(limit)).toThrow(RangeError);
});

test("float is uniform in [0, 1) and uses 53 bits", () => {
  const random = createRandom(deriveKey(6));
  const values = range(50_000).map(() => random.float());
  expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
  expect(values.some((value) => (value * 2 ** 53) % 2 === 1)).toBe(true);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(Math.abs(mean - 0.5)).toBeLessThan(4 / Math.sqrt(12 * values.length));
});

test("shuffle moves values within the length only", () => {
  const values = Uint32Array.from(range(100));
  createRandom(deriveKey(7)).shuffle(values, 60);
  expect(sorted(Array.from(values.subarray(0, 60)))).toEqual(range(60));
  expect(Array.from(values.subarray(0, 60))).not.toEqual(range(60));
  expect(Array.from(values.subarray(60))).toEqual(range(100).slice(60));
});

test("shuffle draws as below does, from any state, and leaves the stream where below would", () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat({ max: 3000 }), fc.nat({ max: 9 }), (seed, length, drawn) => {
      const [random, plain] = [createRandom(deriveKey(seed)), createRandom(deriveKey(seed))];
      for (let draw = 0; draw < drawn; draw++) expect(random.uint32()).toBe(plain.uint32());
      const values = Uint32Array.from(range(length));
      const expected = range(length);
      random.shuffle(values, length);
      for (let last = length - 1; last > 0; last--) {
        const other = plain.below(last + 1);
        [expected[last], expected[other]] = [expected[other] ?? -1, expected[last] ?? -1];
      }
      expect(Array.from(values)).toEqual(expected);
      expect(random.uint32()).toBe(plain.uint32());
    }),
    { seed: 21, numRuns: 100 },
  );
});

test("lists past 2^21 are shuffled whole", () => {
  const values = Uint32Array.from({ length: 2 ** 21 + 1000 }, (_, index) => index);
  createRandom(deriveKey(8)).shuffle(values, values.length);
  expect(values.filter((value, index) => value === index).length).toBeLessThan(10);
  expect(values.sort().every((value, index) => value === index)).toBe(true);
});
