import fc from "fast-check";
import { expect, test } from "vitest";
import { StratifiedSampler } from "../../src/sampler/index.js";
import { range, read, readAll, sorted } from "./support.js";

const labelsArbitrary = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 }).chain((sizes) =>
  fc.shuffledSubarray(
    sizes.flatMap((size, label) => range(size).map(() => label * 3 - 5)),
    { minLength: 1 },
  ),
);

/** The most that any class of `order` is away from `share(label)` of the positions, after any number of them. */
function largestDeviation(
  order: readonly number[],
  labels: readonly number[],
  share: (label: number) => number,
): number {
  const counts = new Map(labels.map((label) => [label, 0]));
  let largest = 0;
  order.forEach((record, position) => {
    const label = labels[record] ?? Number.NaN;
    counts.set(label, (counts.get(label) ?? Number.NaN) + 1);
    for (const [each, count] of counts) largest = Math.max(largest, Math.abs(count - (position + 1) * share(each)));
  });
  return largest;
}

test("every record comes once, and after any number of positions each class is less than one from its share", () => {
  fc.assert(
    fc.property(labelsArbitrary, fc.integer(), fc.nat({ max: 9 }), (labels, seed, epoch) => {
      const order = readAll(new StratifiedSampler(labels, { seed }).epoch(epoch));
      expect(sorted(order)).toEqual(range(labels.length));
      const share = (label: number) => labels.filter((each) => each === label).length / labels.length;
      const shares = new Map(labels.map((label) => [label, share(label)]));
      expect(largestDeviation(order, labels, (label) => shares.get(label) ?? 0)).toBeLessThan(1);
    }),
    { seed: 211, numRuns: 200 },
  );
});

test("balanced: each class as often as every other at any position, a class again only when it has been through", () => {
  fc.assert(
    fc.property(labelsArbitrary, fc.integer(), (labels, seed) => {
      const sampler = new StratifiedSampler(labels, { seed, balanced: true });
      const order = readAll(sampler.epoch(0));
      const classes = Array.from(new Set(labels));
      const sizes = classes.map((label) => labels.filter((each) => each === label).length);
      expect(sampler.length).toBe(classes.length * Math.max(...sizes));
      expect(largestDeviation(order, labels, () => 1 / classes.length)).toBeLessThan(1);
      classes.forEach((label, at) => {
        const records = labels.flatMap((each, record) => (each === label ? [record] : []));
        const own = order.filter((record) => labels[record] === label);
        const size = sizes[at] ?? 1;
        for (let start = 0; start + size <= own.length; start += size) {
          expect(sorted(own.slice(start, start + size))).toEqual(records);
        }
        expect(new Set(own.slice(own.length - (own.length % size))).size).toBe(own.length % size);
      });
    }),
    { seed: 212, numRuns: 150 },
  );
});

test("balanced: each time through a class is in another order, and so is each epoch", () => {
  const labels = range(1000).map((record) => (record < 100 ? 1 : 0));
  const sampler = new StratifiedSampler(labels, { seed: 3, balanced: true });
  const own = (epoch: number) => readAll(sampler.epoch(epoch)).filter((record) => record < 100);
  const passes = range(9).map((pass) => own(0).slice(pass * 100, pass * 100 + 100));
  const others = [...passes, ...range(9).map((pass) => own(1).slice(pass * 100, pass * 100 + 100))];
  expect(new Set(others.map((pass) => pass.join())).size).toBe(18);
});

test("classes of equal share exchange their places from epoch to epoch", () => {
  const labels = range(600).map((record) => record % 60);
  const sampler = new StratifiedSampler(labels, { seed: 3 });
  const first = range(12).map((epoch) => (read(sampler.epoch(epoch), 0, 1, 1)[0] ?? 0) % 60);
  expect(new Set(first).size).toBeGreaterThan(4);
});

test("batches whose share is whole hold it exactly, on every rank about", () => {
  const labels = Uint8Array.from({ length: 4096 }, (_, record) => (record % 8 < 5 ? 0 : record % 8 < 7 ? 1 : 2));
  const order = new StratifiedSampler(labels, { seed: 3 }).epoch(0);
  for (let start = 0; start < 4096; start += 64) {
    const batch = read(order, start, 1, 64).map((record) => labels[record]);
    expect([0, 1, 2].map((label) => batch.filter((each) => each === label).length)).toEqual([40, 16, 8]);
  }
  for (const world of [2, 4, 8]) {
    for (const rank of range(world)) {
      const own = read(order, rank, world, 4096 / world).map((record) => labels[record]);
      expect(Math.abs(own.filter((label) => label === 2).length / own.length - 1 / 8)).toBeLessThan(0.06);
    }
  }
});

test("resumed at any position the rest is the same, whatever was read before", () => {
  const labels = Int32Array.from({ length: 30_000 }, (_, record) => (record * record) % 23);
  for (const balanced of [false, true]) {
    const make = () => new StratifiedSampler(labels, { seed: 5, balanced, numSamples: 30_000 }).epoch(2);
    const all = readAll(make());
    for (const start of [0, 1, 4095, 4096, 12_345, 29_999]) {
      const count = Math.min(500, 30_000 - start);
      expect(read(make(), start, 1, count)).toEqual(all.slice(start, start + count));
    }
    const order = make();
    for (const start of [29_000, 3, 17_000]) expect(read(order, start, 1, 900)).toEqual(all.slice(start, start + 900));
  }
});

test("more positions than records go through the classes again", () => {
  const labels = [0, 0, 0, 1];
  const order = readAll(new StratifiedSampler(labels, { seed: 1, numSamples: 12 }).epoch(0));
  for (const start of [0, 4, 8]) expect(sorted(order.slice(start, start + 4))).toEqual([0, 1, 2, 3]);
});

test("parameters tell other labels, seeds and modes apart, not other kinds of array", () => {
  const of = (labels: ArrayLike<number>, options: { seed?: number; balanced?: boolean } = {}) =>
    JSON.stringify(new StratifiedSampler(labels, { seed: 1, ...options }).parameters);
  expect(of([1, 2, 2])).toBe(of(Uint8Array.of(1, 2, 2)));
  const others = [
    of([1, 2, 2]),
    of([1, 2, 1]),
    of([1, 2, 3]),
    of([1, 2, 2], { seed: 2 }),
    of([1, 2, 2], { balanced: true }),
  ];
  expect(new Set(others).size).toBe(5);
});

test("the order never changes between releases", () => {
  const labels = range(40).map((record) => Math.floor(record / 25));
  expect(read(new StratifiedSampler(labels, { seed: 7 }).epoch(1), 0, 1, 12)).toMatchInlineSnapshot(`
    [
      34,
      22,
      30,
      19,
      3,
      12,
      38,
      1,
      35,
      10,
      2,
      23,
    ]
  `);
});

test("wrong labels and options are refused by name", () => {
  expect(() => new StratifiedSampler([0, 0.5], { seed: 1 })).toThrow(
    "labels[1] must be an integer within ±(2^53 - 1), got 0.5",
  );
  expect(() => new StratifiedSampler(["a" as never], { seed: 1 })).toThrow(TypeError);
  expect(() => new StratifiedSampler([], { seed: 1 })).toThrow("labels.length must be an integer from 1");
  expect(() => new StratifiedSampler(undefined as never, { seed: 1 })).toThrow("labels must be an array");
  expect(() => new StratifiedSampler([1], { seed: 0.5 })).toThrow("options.seed");
  expect(() => new StratifiedSampler([1], { seed: 1, balanced: 1 as never })).toThrow("options.balanced");
  expect(() => new StratifiedSampler([1], { seed: 1, numSamples: 0 })).toThrow("options.numSamples");
});
