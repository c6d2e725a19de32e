import { expect, test } from "vitest";
import { deriveKey } from "../../src/sampler/hash.js";
import { createPermutation } from "../../src/sampler/permutation.js";
import { chiSquared, chiSquaredBound, range } from "./support.js";

/** Counts of values hit more than once or whose position is not the one they came from: 0 for a bijection with its inverse. */
function faults(length: number, seed: number): number {
  const permutation = createPermutation(length, deriveKey(seed, length));
  const seen = new Uint8Array(length);
  let wrong = 0;
  for (let position = 0; position < length; position++) {
    const value = permutation.at(position);
    if (seen[value] !== 0 || permutation.positionOf(value) !== position) wrong++;
    seen[value] = 1;
  }
  return wrong;
}

test("every length up to 3,000 is a bijection with its inverse", () => {
  expect(range(3000).filter((index) => faults(index + 1, 1) > 0)).toEqual([]);
});

test.each([65_535, 65_536, 65_537, 100_003, 131_072, 262_143, 262_144, 262_145, 1_048_577])(
  "%i values: a bijection with its inverse",
  (length) => {
    expect(faults(length, 2)).toBe(0);
  },
);

test.each([2 ** 31 - 1, 2 ** 31 + 1, 2 ** 32, 2 ** 32 + 1, 2 ** 52 + 1, 2 ** 53 - 1])(
  "%i values: in range, all different, and inverted",
  (length) => {
    const permutation = createPermutation(length, deriveKey(3));
    const positions = range(2000).flatMap((index) => [index, length - 1 - index, Math.floor((length / 2000) * index)]);
    const values = new Set<number>();
    for (const position of new Set(positions)) {
      const value = permutation.at(position);
      expect(Number.isSafeInteger(value) && value >= 0 && value < length).toBe(true);
      expect(permutation.positionOf(value)).toBe(position);
      values.add(value);
    }
    expect(values.size).toBe(new Set(positions).size);
  },
);

test.each([1, 1000, 70_000, 2 ** 31, 2 ** 31 + 1, 2 ** 53 - 1])("%i values: fill writes what at says", (length) => {
  const permutation = createPermutation(length, deriveKey(6));
  for (const [start, stride] of [
    [0, 1],
    [Math.floor(length / 3), 7],
    [length - 1, 2 ** 40],
  ] as const) {
    const target = new Float64Array(Math.min(500, Math.ceil((length - start) / stride)));
    permutation.fill(start, stride, target);
    expect(Array.from(target)).toEqual(range(target.length).map((at) => permutation.at(start + at * stride)));
  }
  expect(() => permutation.fill(length - 1, 1, new Float64Array(2))).toThrow(RangeError);
});

test("all 120 orders of five values are equally likely over seeds", () => {
  const counts = new Map<string, number>();
  for (let seed = 0; seed < 24_000; seed++) {
    const permutation = createPermutation(5, deriveKey(seed, 0));
    const order = range(5)
      .map((position) => permutation.at(position))
      .join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(120);
  expect(chiSquared([...counts.values()])).toBeLessThan(chiSquaredBound(119));
});

test.each([1000, 70_000, 1_000_003, 2 ** 40 + 1])(
  "%i values: each position's value is uniform over seeds",
  (length) => {
    const bins = 50;
    for (const position of [0, 1, length - 1]) {
      const counts = new Array<number>(bins).fill(0);
      for (let seed = 0; seed < 2000; seed++) {
        const bin = Math.floor((createPermutation(length, deriveKey(seed, 9)).at(position) / length) * bins);
        counts[bin] = (counts[bin] ?? 0) + 1;
      }
      expect(chiSquared(counts)).toBeLessThan(chiSquaredBound(bins - 1));
    }
  },
);

test.each([60_000, 70_000, 1_000_003])(
  "%i values: neighbours go to places that have nothing to do with each other",
  (length) => {
    const permutation = createPermutation(length, deriveKey(4));
    const bins = 12;
    const counts = new Array<number>(bins * bins).fill(0);
    let ascents = 0;
    const pairs = 50_000;
    for (let position = 0; position < pairs; position++) {
      const [a, b] = [permutation.at(position), permutation.at(position + 1)];
      const bin = Math.floor((a / length) * bins) * bins + Math.floor((b / length) * bins);
      counts[bin] = (counts[bin] ?? 0) + 1;
      if (a < b) ascents++;
    }
    expect(chiSquared(counts)).toBeLessThan(chiSquaredBound(bins * bins - 1));
    expect(Math.abs(ascents - pairs / 2)).toBeLessThan(4 * Math.sqrt(pairs / 12));
  },
);

test.each([1000, 100_000])("%i values: (seed 1, epoch 1) and (seed 2, epoch 0) have nothing in common", (length) => {
  const [a, b] = [createPermutation(length, deriveKey(1, 1)), createPermutation(length, deriveKey(2, 0))];
  const same = range(1000).filter((position) => a.at(position) === b.at(position)).length;
  expect(same).toBeLessThan(10);
});

test("positions and values outside are refused at once", () => {
  for (const length of [1, 10, 100_000]) {
    const permutation = createPermutation(length, deriveKey(1));
    for (const wrong of [-1, length, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => permutation.at(wrong)).toThrow(RangeError);
      expect(() => permutation.positionOf(wrong)).toThrow(RangeError);
    }
  }
  for (const wrong of [0, -1, 1.5, 2 ** 53]) expect(() => createPermutation(wrong, deriveKey(1))).toThrow(RangeError);
});

test("orders never change between releases", () => {
  const start = (length: number) => range(6).map((position) => createPermutation(length, deriveKey(7, 0)).at(position));
  expect(start(10)).toMatchInlineSnapshot(`
    [
      0,
      7,
      3,
      2,
      9,
      1,
    ]
  `);
  expect(start(100_000)).toMatchInlineSnapshot(`
    [
      63273,
      34010,
      98317,
      48993,
      25131,
      78173,
    ]
  `);
  expect(start(2 ** 53 - 1)).toMatchInlineSnapshot(`
    [
      3971003328591774,
      7918100475059193,
      4307961583976885,
      3735849888211846,
      6343289585607161,
      7484158434411601,
    ]
  `);
});
