import fc from "fast-check";
import { expect, test } from "vitest";
import type { EpochOrder, UnitCounts } from "../../src/sampler/index.js";
import { createUnitIndex, createWindowOrder, createWindowSampler } from "../../src/sampler/index.js";
import { laneShape } from "../../src/sampler/lane.js";
import { countsOf, evenCounts, range, read, readAll, sizesArbitrary, sorted } from "./support.js";

const shapeArbitrary = fc.record({
  counts: fc.oneof(
    sizesArbitrary.map(countsOf),
    fc.tuple(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 30 })).map(([n, r]) => evenCounts(n, r)),
  ),
  seed: fc.integer(),
  epoch: fc.nat(),
  window: fc.integer({ min: 1, max: 80 }),
  lanes: fc.integer({ min: 1, max: 50 }),
});

test("every record exactly once, for any units, window and lanes", () => {
  fc.assert(
    fc.property(shapeArbitrary, (options) => {
      const order = createWindowOrder(options);
      expect(sorted(readAll(order))).toEqual(range(options.counts.total));
    }),
    { seed: 41, numRuns: 1000 },
  );
});

test("any position, stride and jump reads what one pass reads", () => {
  const jumps = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 9 }), fc.nat({ max: 40 })), { maxLength: 12 });
  fc.assert(
    fc.property(shapeArbitrary, jumps, (options, reads) => {
      const all = readAll(createWindowOrder(options));
      const order = createWindowOrder(options);
      for (const [position, stride, wanted] of reads) {
        const start = position % all.length;
        const count = Math.min(wanted, Math.ceil((all.length - start) / stride));
        expect(read(order, start, stride, count)).toEqual(range(count).map((at) => all[start + at * stride]));
      }
    }),
    { seed: 42, numRuns: 400 },
  );
});

test("resumed at every position, the rest is the same", () => {
  const options = { counts: countsOf([3, 0, 9, 1, 4, 7, 7, 2, 0, 5]), seed: 5, epoch: 2, window: 5, lanes: 3 };
  const all = readAll(createWindowOrder(options));
  for (let start = 0; start < all.length; start++) {
    expect(read(createWindowOrder(options), start, 1, all.length - start)).toEqual(all.slice(start));
  }
});

test("equal units give the same order whether told by number or by counts", () => {
  const even = evenCounts(1003, 10);
  const listed = countsOf(range(even.units).map((unit) => createUnitIndex(even).countOf(unit)));
  const order = (counts: UnitCounts) => readAll(createWindowOrder({ counts, seed: 1, epoch: 0, window: 20, lanes: 6 }));
  expect(order(even)).toEqual(order(listed));
});

test("seed, epoch, window and lanes each change the order; (1, 1) and (2, 0) have nothing in common", () => {
  const options = { counts: evenCounts(2000, 10), seed: 1, epoch: 0, window: 24, lanes: 6 };
  const orders = [{}, { seed: 2 }, { seed: 0 }, { seed: -1 }, { epoch: 1 }, { window: 48 }, { lanes: 12 }].map(
    (change) => readAll(createWindowOrder({ ...options, ...change })),
  );
  for (const [at, a] of orders.entries()) {
    for (const b of orders.slice(at + 1)) {
      expect(a.filter((record, position) => record === b[position]).length).toBeLessThan(20);
    }
  }
});

test("records past 2^32 are numbered exactly", () => {
  const counts = { units: 2 ** 33, total: 2 ** 43, perUnit: 1024 };
  const order = createWindowOrder({ counts, seed: 1, epoch: 0, window: 96, lanes: 48 });
  const start = 2 ** 42 + 48 * 5;
  const records = read(order, start, 1, 480);
  expect(records.every((record) => Number.isSafeInteger(record) && record >= 0 && record < counts.total)).toBe(true);
  expect(new Set(records).size).toBe(480);
  expect(read(order, start + 100, 1, 380)).toEqual(records.slice(100));
  expect(Math.max(...records)).toBeGreaterThan(2 ** 40);
});

test("lanes split the window without rest, and start with windows that grow from lane to lane", () => {
  for (const [window, lanes] of [
    [96, 48],
    [100, 48],
    [49, 48],
    [7, 3],
    [512, 48],
  ] as const) {
    const shapes = range(lanes).map((lane) => laneShape(lane, lanes, 10_007, window));
    expect(shapes.reduce((sum, shape) => sum + shape.units, 0)).toBe(window);
    expect(shapes.map((shape) => shape.start)).toEqual([0, ...shapes.slice(0, -1).map((shape) => shape.end)]);
    expect(shapes.map((shape) => shape.end - shape.start)).toEqual(
      range(lanes).map((c) => Math.ceil((10_007 - c) / lanes)),
    );
    expect(shapes.map((shape) => shape.firstUnits)).toEqual(
      shapes.map((shape, lane) => Math.ceil((shape.units * (lane + 1)) / lanes)),
    );
  }
});

/** How often a reader of positions `rank, rank + world, …` that holds its open windows reads each unit it needs, as a sum over units. */
function unitReads(order: EpochOrder, counts: UnitCounts, rank: number, world: number, open: number): number {
  const index = createUnitIndex(counts);
  const held = new Map<number, true>();
  let reads = 0;
  for (const record of read(order, rank, world, Math.ceil((order.length - rank) / world))) {
    const unit = index.unitOf(record);
    if (!held.has(unit)) reads++;
    held.delete(unit);
    held.set(unit, true);
    const oldest = held.keys().next().value;
    if (held.size > open && oldest !== undefined) held.delete(oldest);
  }
  return reads;
}

test.each([1, 2, 3, 4, 6, 8])(
  "world %i: the ranks together read each unit about once, holding their windows",
  (world) => {
    const counts = countsOf(range(2000).map((unit) => 20 + ((unit * 13) % 9)));
    const sampler = createWindowSampler({ counts, seed: 3, window: 192 });
    expect(sampler.parameters.lanes).toBe(48);
    let reads = 0;
    for (let rank = 0; rank < world; rank++)
      reads += unitReads(sampler.epoch(0), counts, rank, world, (2 * 192) / world);
    expect(reads / counts.units).toBeLessThan(1 + 48 / counts.units + 0.001);
  },
);

test("a world that divides the lanes keeps each rank to its own units", () => {
  const counts = evenCounts(40_000, 20);
  const index = createUnitIndex(counts);
  const order = createWindowSampler({ counts, seed: 3, window: 192 }).epoch(0);
  const readers = new Uint8Array(counts.units);
  for (let rank = 0; rank < 8; rank++) {
    for (const unit of new Set(read(order, rank, 8, 5000).map(index.unitOf))) readers[unit] = (readers[unit] ?? 0) + 1;
  }
  expect(readers.every((count) => count >= 1)).toBe(true);
  expect(readers.reduce((sum, count) => sum + count, 0) - counts.units).toBeLessThanOrEqual(48);
});

test("wrong options are refused by name", () => {
  const options = { counts: evenCounts(100, 10), seed: 1, epoch: 0, window: 4, lanes: 2 };
  expect(() => createWindowOrder({ ...options, window: 0 })).toThrow("options.window must be an integer >= 1, got 0");
  expect(() => createWindowOrder({ ...options, lanes: 1.5 })).toThrow(
    "options.lanes must be an integer from 1 to 65536",
  );
  expect(() => createWindowOrder({ ...options, seed: 2 ** 53 })).toThrow("options.seed");
  expect(() => createWindowOrder({ ...options, epoch: -1 })).toThrow("epoch must be an integer >= 0, got -1");
  expect(() => read(createWindowOrder(options), 99, 1, 2)).toThrow("positions must lie in [0, 100), got 2 from 99");
});
