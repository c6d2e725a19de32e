import fc from "fast-check";
import { expect, test } from "vitest";
import { createShardPlan, fillStep, LengthBucketSampler } from "../../src/sampler/index.js";
import { createRandom } from "../../src/sampler/random.js";
import { createShortLine } from "../../src/sampler/short-line.js";
import { range, read, readAll, sorted } from "./support.js";

const lengthsArbitrary = fc.array(fc.nat({ max: 500 }), { minLength: 1, maxLength: 300 });
const modeArbitrary = fc.oneof(
  fc.record({ windowBatches: fc.integer({ min: 1, max: 9 }) }),
  fc.constantFrom({ boundaries: [100] }, { boundaries: [1, 50, 60, 200, 450] }, { boundaries: [501, 600] }),
);
const sizesArbitrary = fc.record({ batchSize: fc.integer({ min: 1, max: 12 }), world: fc.integer({ min: 1, max: 6 }) });

function batchesOf(order: readonly number[], size: number): number[][] {
  return range(Math.ceil(order.length / size)).map((batch) => order.slice(batch * size, batch * size + size));
}

test("every record comes once, for any lengths, mode, batch size and world", () => {
  fc.assert(
    fc.property(lengthsArbitrary, modeArbitrary, sizesArbitrary, fc.integer(), (lengths, mode, sizes, seed) => {
      const sampler = new LengthBucketSampler(lengths, { ...mode, ...sizes, seed });
      expect(sorted(readAll(sampler.epoch(1)))).toEqual(range(lengths.length));
    }),
    { seed: 221, numRuns: 400 },
  );
});

test("any position, stride and jump reads what one pass reads", () => {
  const jumps = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 9 }), fc.nat({ max: 40 })), { maxLength: 12 });
  fc.assert(
    fc.property(lengthsArbitrary, modeArbitrary, sizesArbitrary, jumps, (lengths, mode, sizes, reads) => {
      const sampler = new LengthBucketSampler(lengths, { ...mode, ...sizes, seed: 3 });
      const all = readAll(sampler.epoch(0));
      const order = sampler.epoch(0);
      for (const [position, stride, wanted] of reads) {
        const start = position % all.length;
        const count = Math.min(wanted, Math.ceil((all.length - start) / stride));
        expect(read(order, start, stride, count)).toEqual(range(count).map((at) => all[start + at * stride]));
        expect(read(sampler.epoch(0), start, 1, all.length - start)).toEqual(all.slice(start));
      }
    }),
    { seed: 222, numRuns: 150 },
  );
});

test("boundaries: all batches but at most one a bucket are of one bucket, and those reach over few", () => {
  const boundaries = [100, 200, 300];
  const bucketOf = (length: number) => boundaries.filter((boundary) => length >= boundary).length;
  const lengths = range(2011).map((record) => (record * 7919) % 400);
  for (const world of [1, 2, 4]) {
    const sampler = new LengthBucketSampler(lengths, { seed: 1, batchSize: 24 / world, world, boundaries });
    const buckets = batchesOf(readAll(sampler.epoch(0)), 24).map((batch) =>
      Array.from(new Set(batch.map((record) => bucketOf(lengths[record] ?? 0)))),
    );
    expect(buckets.filter((each) => each.length > 1).length).toBeLessThanOrEqual(boundaries.length);
    const order = buckets.filter((each) => each.length === 1).map(([bucket]) => bucket);
    expect(new Set(order.slice(0, 30)).size).toBe(4);
  }
});

test("a boundary belongs to the bucket above it", () => {
  const lengths = [9, 10, 9, 10, 9, 10, 9, 10];
  const order = readAll(new LengthBucketSampler(lengths, { seed: 1, batchSize: 4, boundaries: [10] }).epoch(0));
  for (const batch of batchesOf(order, 4)) expect(new Set(batch.map((record) => record % 2)).size).toBe(1);
});

test("windows: within a window lengths of different batches do not overlap", () => {
  const lengths = range(1000).map((record) => (record * 7919) % 997);
  const order = readAll(
    new LengthBucketSampler(lengths, { seed: 1, batchSize: 5, world: 2, windowBatches: 8 }).epoch(3),
  );
  for (const window of batchesOf(order, 80)) {
    const spans = batchesOf(window, 10)
      .map((batch) => batch.map((record) => lengths[record] ?? 0))
      .map((batch) => [Math.min(...batch), Math.max(...batch)] as const)
      .sort((a, b) => a[0] - b[0]);
    spans.slice(1).forEach(([least], at) => {
      expect(least).toBeGreaterThanOrEqual(spans[at]?.[1] ?? 0);
    });
  }
});

test("a wider window pads less, a shuffle most, and buckets about as little as their width", () => {
  const lengths = range(20_000).map((record) => 1 + ((record * 7919) % 1000));
  const padding = (order: readonly number[]) => {
    const batches = batchesOf(order, 32).map((batch) => batch.map((record) => lengths[record] ?? 0));
    const padded = batches.reduce((sum, batch) => sum + Math.max(...batch) * batch.length, 0);
    return 1 - lengths.reduce((sum, length) => sum + length, 0) / padded;
  };
  const of = (mode: { windowBatches?: number; boundaries?: number[] }) =>
    padding(readAll(new LengthBucketSampler(lengths, { seed: 1, batchSize: 32, ...mode }).epoch(0)));
  const shares = [1, 4, 16, 64].map((windowBatches) => of({ windowBatches }));
  expect(shares).toEqual([...shares].sort((a, b) => b - a));
  expect(shares[0]).toBeGreaterThan(0.4);
  expect(shares[3]).toBeLessThan(0.02);
  expect(of({ boundaries: range(9).map((at) => at * 100 + 101) })).toBeLessThan(0.12);
});

test("batches come in another order and with other records each epoch", () => {
  const lengths = range(3000).map((record) => record % 300);
  for (const mode of [{ windowBatches: 10 }, { boundaries: [100, 200] }]) {
    const sampler = new LengthBucketSampler(lengths, { seed: 1, batchSize: 30, ...mode });
    const epochs = range(2).map((epoch) => batchesOf(readAll(sampler.epoch(epoch)), 30).map((batch) => sorted(batch)));
    const shared = (epochs[0] ?? []).filter((batch) => epochs[1]?.some((other) => other.join() === batch.join()));
    expect(shared).toEqual([]);
    const means = (epochs[0] ?? []).map((batch) => batch.reduce((sum, record) => sum + (record % 300), 0) / 30);
    const ascents = means.slice(1).filter((mean, at) => mean > (means[at] ?? 0)).length;
    expect(ascents).toBeGreaterThan(25);
    expect(ascents).toBeLessThan(74);
  }
});

test("ranks of a step share records of like length, and any world of the same global batch gets the same steps", () => {
  const lengths = Uint16Array.from(range(1000), (record) => (record * 7919) % 1000);
  const sampler = (world: number) =>
    new LengthBucketSampler(lengths, { seed: 1, batchSize: 24 / world, world, windowBatches: 1000 });
  const steps = (world: number) => {
    const order = sampler(world).epoch(0);
    const plans = range(world).map((rank) =>
      createShardPlan({ length: order.length, batchSize: 24 / world, shard: { rank, world } }),
    );
    return range(plans[0]?.steps ?? 0).map((step) => {
      const shares = plans.map((plan) => {
        const records = new Float64Array(plan.step(step).size);
        fillStep(order, plan.step(step), records);
        return Array.from(records);
      });
      return shares;
    });
  };
  const alone = steps(1).map((shares) => sorted(shares.flat()));
  for (const world of [2, 3, 8]) {
    expect(sampler(world).parameters).toEqual(sampler(1).parameters);
    expect(steps(world).map((shares) => sorted(shares.flat()))).toEqual(alone);
    for (const shares of steps(world).slice(0, -1)) {
      const all = shares.flat().map((record) => lengths[record] ?? 0);
      expect(Math.max(...all) - Math.min(...all)).toBeLessThan(30);
    }
  }
});

test("the short batch is the last, of any length", () => {
  const lengths = range(100).map((record) => record);
  const last = range(40).map((epoch) => {
    const order = readAll(new LengthBucketSampler(lengths, { seed: 1, batchSize: 30 }).epoch(epoch));
    return Math.min(...order.slice(90));
  });
  expect(new Set(last)).toEqual(new Set([0, 30, 60, 90]));
});

test("a line is cut into full batches and one short one, anywhere", () => {
  fc.assert(
    fc.property(fc.nat({ max: 200 }), fc.integer({ min: 1, max: 20 }), fc.integer(), (length, size, seed) => {
      const line = createShortLine(length, size, createRandom([seed >>> 0, 1]));
      const cuts = range(line.fullFirst.length).map(line.cut);
      expect(cuts[0]?.from ?? 0).toBe(0);
      expect(cuts.at(-1)?.to ?? 0).toBe(length);
      cuts.slice(1).forEach(({ from }, at) => {
        expect(from).toBe(cuts[at]?.to);
      });
      const sizes = line.fullFirst.map((number) => line.cut(number)).map(({ from, to }) => to - from);
      expect(sizes.slice(0, line.full).every((each) => each === size)).toBe(true);
      expect(sizes.slice(line.full)).toEqual(length % size === 0 ? [] : [length % size]);
    }),
    { seed: 223, numRuns: 300 },
  );
});

test("parameters tell lengths, modes and sizes apart", () => {
  const of = (lengths: number[], mode: object = {}) =>
    JSON.stringify(new LengthBucketSampler(lengths, { seed: 1, batchSize: 4, ...mode }).parameters);
  const others = [
    of([1, 2]),
    of([2, 1]),
    of([1, 2], { windowBatches: 7 }),
    of([1, 2], { boundaries: [2] }),
    of([1, 2], { boundaries: [3] }),
    of([1, 2], { batchSize: 5 }),
    of([1, 2], { seed: 2 }),
  ];
  expect(new Set(others).size).toBe(others.length);
  expect(of([1, 2], { windowBatches: 64 })).toBe(of([1, 2]));
});

test("the order never changes between releases", () => {
  const lengths = range(40).map((record) => (record * 7) % 40);
  const start = (mode: object) =>
    read(new LengthBucketSampler(lengths, { seed: 7, batchSize: 4, ...mode }).epoch(1), 0, 1, 8);
  expect(start({ windowBatches: 4 })).toMatchInlineSnapshot(`
    [
      23,
      6,
      29,
      18,
      26,
      9,
      4,
      34,
    ]
  `);
  expect(start({ boundaries: [10, 30] })).toMatchInlineSnapshot(`
    [
      39,
      5,
      34,
      33,
      3,
      2,
      4,
      9,
    ]
  `);
});

test("wrong lengths and options are refused by name", () => {
  const make = (lengths: unknown, options: object = {}) => {
    return () => new LengthBucketSampler(lengths as number[], { seed: 1, batchSize: 4, ...options });
  };
  for (const wrong of [-1, 0.5, 2 ** 32, Number.NaN]) {
    expect(make([1, wrong])).toThrow(`lengths[1] must be an integer from 0 to 4294967295, got ${wrong}`);
  }
  expect(make([1, "2"])).toThrow(TypeError);
  expect(make([])).toThrow("lengths.length");
  expect(make(null)).toThrow("lengths must be an array");
  expect(make([1], { batchSize: 0 })).toThrow("options.batchSize");
  expect(make([1], { world: 0 })).toThrow("options.world");
  expect(make([1], { windowBatches: 0 })).toThrow("options.windowBatches");
  expect(make([1], { batchSize: 2 ** 20, windowBatches: 3 })).toThrow(
    "options.windowBatches must be an integer from 1 to 2",
  );
  expect(make([1], { boundaries: [] })).toThrow("options.boundaries must be a list");
  expect(make([1], { boundaries: [5, 5] })).toThrow("options.boundaries[1] must be an integer >= 6, got 5");
  expect(make([1], { boundaries: [0] })).toThrow("options.boundaries[0] must be an integer >= 1, got 0");
  expect(make([1], { boundaries: [5], windowBatches: 2 })).toThrow("exclude each other");
});
