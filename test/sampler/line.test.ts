import fc from "fast-check";
import { expect, test } from "vitest";
import { deriveKey } from "../../src/sampler/hash.js";
import { createLine } from "../../src/sampler/line.js";
import { createPermutation } from "../../src/sampler/permutation.js";
import type { UnitCounts } from "../../src/sampler/types.js";
import { createUnitIndex } from "../../src/util/unit-index.js";
import { countsOf, evenCounts, range, sizesArbitrary } from "./support.js";

/** Compares a line with one made by laying every unit down. */
function expectLine(counts: UnitCounts, seed: number): void {
  const order = createPermutation(counts.units, deriveKey(seed));
  const line = createLine(counts, order);
  const index = createUnitIndex(counts);
  const before = [0];
  const unitAt: number[] = [];
  for (let position = 0; position < counts.units; position++) {
    const count = index.countOf(order.at(position));
    before.push((before[position] ?? 0) + count);
    for (let row = 0; row < count; row++) unitAt.push(position);
  }
  expect(before.map((_, units) => line.recordsBefore(units))).toEqual(before);
  expect(unitAt.map((_, offset) => line.unitAt(offset))).toEqual(unitAt);
}

test("a line of units of any sizes", () => {
  fc.assert(
    fc.property(sizesArbitrary, fc.integer(), (sizes, seed) => expectLine(countsOf(sizes), seed)),
    { seed: 31, numRuns: 300 },
  );
});

test("a line of equal units with a short last one", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 1, max: 30 }),
      fc.integer(),
      (total, perUnit, seed) => expectLine(evenCounts(total, perUnit), seed),
    ),
    { seed: 32, numRuns: 300 },
  );
});

test("a line longer than the distance between samples", () => {
  expectLine(countsOf(range(5000).map((unit) => (unit * 7) % 5)), 1);
});

test("counts that do not agree with the total or the permutation are refused", () => {
  const counts = { units: 3, total: 7, counts: Uint32Array.of(1, 2, 3) };
  expect(() => createLine(counts, createPermutation(3, deriveKey(1)))).toThrow("counts.total must be the sum");
  expect(() => createLine(countsOf([1, 2]), createPermutation(3, deriveKey(1)))).toThrow("order must permute 2 units");
});
