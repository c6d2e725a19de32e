import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fingerprint } from "../../src/sampler/hash.js";
import {
  BatchSampler,
  createIterableSampler,
  createWindowSampler,
  DistributedSampler,
  LengthBucketSampler,
  MixtureSampler,
  RandomSampler,
  type Sampler,
  SequentialSampler,
  StratifiedSampler,
  SubsetRandomSampler,
  WeightedRandomSampler,
} from "../../src/sampler/index.js";
import { evenCounts, range, read, readAll, sorted } from "./support.js";

const weights = range(500).map((record) => (record * 7) % 11);
const indices = range(400).map((record) => record * 3);

const samplers: Readonly<Record<string, () => Sampler>> = {
  sequential: () => new SequentialSampler(500),
  random: () => new RandomSampler(500, { seed: 1 }),
  "random, large": () => new RandomSampler(70_000, { seed: 1, numSamples: 3000 }),
  "random, more samples than records": () => new RandomSampler(50, { seed: 1, numSamples: 130 }),
  "random with replacement": () => new RandomSampler(500, { seed: 1, replacement: true, numSamples: 3000 }),
  "subset random": () => new SubsetRandomSampler(indices, { seed: 1 }),
  weighted: () => new WeightedRandomSampler(weights, { seed: 1, numSamples: 3000 }),
  "weighted without replacement": () =>
    new WeightedRandomSampler(weights, { seed: 1, numSamples: 300, replacement: false }),
  window: () => createWindowSampler({ counts: evenCounts(500, 8), seed: 1, window: 12 }),
  distributed: () => new DistributedSampler(new RandomSampler(500, { seed: 1 }), { rank: 1, world: 3 }),
  iterable: () => createIterableSampler(indices),
  stratified: () => new StratifiedSampler(weights, { seed: 1 }),
  "stratified, balanced": () => new StratifiedSampler(weights, { seed: 1, balanced: true }),
  "length buckets, windows": () => new LengthBucketSampler(indices, { seed: 1, batchSize: 9, windowBatches: 4 }),
  "length buckets, boundaries": () =>
    new LengthBucketSampler(indices, { seed: 1, batchSize: 9, boundaries: [50, 700] }),
  mixture: () =>
    new MixtureSampler(
      [{ sampler: new RandomSampler(70, { seed: 1 }) }, { sampler: new RandomSampler(300, { seed: 1 }) }],
      { weights: [0.6, 0.4], stop: "all-exhausted" },
    ),
};

describe.each(Object.entries(samplers))("%s", (_, create) => {
  test("the same arguments give the same order, in any reading", () => {
    const all = readAll(create().epoch(3));
    expect(all.length).toBe(create().length);
    const order = create().epoch(3);
    const jump = fc.tuple(fc.nat({ max: all.length - 1 }), fc.integer({ min: 1, max: 50 }), fc.nat({ max: 60 }));
    fc.assert(
      fc.property(jump, ([start, stride, wanted]) => {
        const count = Math.min(wanted, Math.ceil((all.length - start) / stride));
        expect(read(order, start, stride, count)).toEqual(range(count).map((at) => all[start + at * stride]));
      }),
      { seed: 61, numRuns: 60 },
    );
  });

  test("positions outside and epochs that are none are refused", () => {
    const { length } = create();
    expect(() => read(create().epoch(0), length - 1, 1, 2)).toThrow(RangeError);
    expect(() => read(create().epoch(0), -1, 1, 1)).toThrow(RangeError);
    expect(() => read(create().epoch(0), 0, 0, 1)).toThrow(RangeError);
    for (const epoch of [-1, 0.5, Number.NaN]) expect(() => create().epoch(epoch)).toThrow(RangeError);
  });

  test("parameters are small and survive JSON", () => {
    const { parameters } = create();
    expect(JSON.parse(JSON.stringify(parameters))).toEqual(parameters);
    expect(JSON.stringify(parameters).length).toBeLessThan(300);
    expect(create().parameters).toEqual(parameters);
  });
});

const random = Object.entries(samplers).filter(([name]) => name !== "sequential" && name !== "iterable");

test.each(random)("%s: each epoch is another order", (_, create) => {
  const [a, b] = [readAll(create().epoch(0)), readAll(create().epoch(1))];
  expect(a.filter((record, position) => record === b[position]).length).toBeLessThan(a.length / 5);
});

test("orders never change between releases", () => {
  const prints = Object.entries(samplers).map(([name, create]) => {
    return [name, fingerprint(Float64Array.from(readAll(create().epoch(3))))];
  });
  expect(Object.fromEntries(prints)).toMatchInlineSnapshot(`
    {
      "distributed": "3c7dc92b94916e18",
      "iterable": "d70d820506341086",
      "length buckets, boundaries": "1915e9362a720678",
      "length buckets, windows": "798796d70cfb973f",
      "mixture": "e67e044f0b51fe60",
      "random": "274b0fea47a94339",
      "random with replacement": "665ebd38da764594",
      "random, large": "27612830aa619e0a",
      "random, more samples than records": "1ae4b46c0176c9e3",
      "sequential": "fd7a0f7b516b24f6",
      "stratified": "c1b1d0141fb4aded",
      "stratified, balanced": "08f51362f97b0ea6",
      "subset random": "84939092e6edeb57",
      "weighted": "6818a5e0b44adf54",
      "weighted without replacement": "04e6edb39eca814a",
      "window": "630929a64359e345",
    }
  `);
});

test("SequentialSampler counts up, over a number or anything with a length", () => {
  expect(readAll(new SequentialSampler(5).epoch(0))).toEqual(range(5));
  expect(readAll(new SequentialSampler(["a", "b"]).epoch(9))).toEqual([0, 1]);
  expect(() => new SequentialSampler(0)).toThrow("source must be an integer >= 1, got 0");
  expect(() => new SequentialSampler([])).toThrow("source.length must be an integer >= 1, got 0");
  expect(() => new SequentialSampler(null as never)).toThrow(TypeError);
});

describe("RandomSampler", () => {
  test("without replacement every record comes once, and again in another order when more are wanted", () => {
    expect(sorted(readAll(new RandomSampler(300, { seed: 0 }).epoch(0)))).toEqual(range(300));
    const long = readAll(new RandomSampler(300, { seed: 0, numSamples: 700 }).epoch(0));
    expect(sorted(long.slice(0, 300))).toEqual(range(300));
    expect(sorted(long.slice(300, 600))).toEqual(range(300));
    expect(new Set(long.slice(600)).size).toBe(100);
    expect(long.slice(0, 300)).not.toEqual(long.slice(300, 600));
  });

  test("with replacement draws are independent: 1/e of the records never come", () => {
    const drawn = readAll(new RandomSampler(20_000, { seed: 5, replacement: true }).epoch(0));
    expect(Math.abs(1 - new Set(drawn).size / 20_000 - Math.exp(-1))).toBeLessThan(0.01);
  });

  test("(seed 1, epoch 1) and (seed 2, epoch 0) have nothing in common", () => {
    const a = readAll(new RandomSampler(1000, { seed: 1 }).epoch(1));
    const b = readAll(new RandomSampler(1000, { seed: 2 }).epoch(0));
    expect(a.filter((record, position) => record === b[position]).length).toBeLessThan(10);
  });

  test("wrong options are refused by name", () => {
    expect(() => new RandomSampler(5, { seed: 1.5 })).toThrow("options.seed");
    expect(() => new RandomSampler(5, { seed: "1" as never })).toThrow(
      'options.seed must be an integer within ±(2^53 - 1), got "1"',
    );
    expect(() => new RandomSampler(5, { seed: 1, numSamples: 0 })).toThrow(
      "options.numSamples must be an integer >= 1, got 0",
    );
    expect(() => new RandomSampler(5, { seed: 1, replacement: 1 as never })).toThrow("options.replacement");
  });
});

describe("SubsetRandomSampler", () => {
  test("gives the indices, each as often as it was given", () => {
    const subset = [9, 2, 2, 7];
    expect(sorted(readAll(new SubsetRandomSampler(subset, { seed: 1 }).epoch(0)))).toEqual([2, 2, 7, 9]);
  });

  test("its parameters tell other indices apart", () => {
    const hash = (subset: number[]) => new SubsetRandomSampler(subset, { seed: 1 }).parameters.indices;
    expect(hash([1, 2, 3])).toBe(hash([1, 2, 3]));
    expect(new Set([hash([1, 2, 3]), hash([1, 3, 2]), hash([1, 2, 4])]).size).toBe(3);
  });

  test("wrong indices are refused by position", () => {
    for (const wrong of [-1, 0.5, Number.NaN]) {
      expect(() => new SubsetRandomSampler([0, wrong], { seed: 1 })).toThrow(
        `indices[1] must be an integer >= 0, got ${wrong}`,
      );
    }
    expect(() => new SubsetRandomSampler([], { seed: 1 })).toThrow("indices.length");
  });
});

describe("WeightedRandomSampler", () => {
  const shares = (drawn: number[], length: number) =>
    range(length).map((record) => drawn.filter((value) => value === record).length / drawn.length);

  test("with replacement each record comes in proportion to its weight, and never at weight 0", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 12 }), (list) => {
        fc.pre(list.some((weight) => weight > 0));
        const total = list.reduce((sum, weight) => sum + weight, 0);
        const drawn = readAll(new WeightedRandomSampler(list, { numSamples: 4000, seed: 1 }).epoch(0));
        shares(drawn, list.length).forEach((share, record) => {
          const expected = (list[record] ?? 0) / total;
          expect(Math.abs(share - expected)).toBeLessThanOrEqual(5 * Math.sqrt((expected * (1 - expected)) / 4000));
        });
      }),
      { seed: 71, numRuns: 100 },
    );
  });

  test("weights of very different size, and zeros left over by rounding, are handled", () => {
    const list = [0, 1e-300, 0.1, 0, 0.2, 0.3, 1e9, 0];
    const drawn = readAll(new WeightedRandomSampler(list, { numSamples: 20_000, seed: 2 }).epoch(0));
    expect(drawn.every((record) => (list[record] ?? 0) > 0)).toBe(true);
    const all = new WeightedRandomSampler(list, { numSamples: 5, seed: 2, replacement: false });
    expect(sorted(readAll(all.epoch(0)))).toEqual([1, 2, 4, 5, 6]);
  });

  test("without replacement draws follow the weights that are left", () => {
    const list = [1, 2, 3, 4];
    const counts = new Map<string, number>();
    const sampler = new WeightedRandomSampler(list, { numSamples: 2, seed: 3, replacement: false });
    const epochs = 20_000;
    for (let epoch = 0; epoch < epochs; epoch++) {
      const pair = readAll(sampler.epoch(epoch)).join();
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
    }
    for (const first of range(4)) {
      for (const second of range(4)) {
        const a = (list[first] ?? 0) / 10;
        const expected = first === second ? 0 : (a * (list[second] ?? 0)) / (10 - (list[first] ?? 0));
        const share = (counts.get(`${first},${second}`) ?? 0) / epochs;
        expect(Math.abs(share - expected)).toBeLessThanOrEqual(4 * Math.sqrt((expected * (1 - expected)) / epochs));
      }
    }
  });

  test("without replacement all records with a weight come once", () => {
    const wanted = weights.flatMap((weight, record) => (weight > 0 ? [record] : []));
    const sampler = new WeightedRandomSampler(weights, { numSamples: wanted.length, seed: 4, replacement: false });
    expect(sorted(readAll(sampler.epoch(0)))).toEqual(wanted);
  });

  test("its parameters tell other weights apart", () => {
    const hash = (list: number[]) => new WeightedRandomSampler(list, { numSamples: 1, seed: 1 }).parameters.weights;
    expect(new Set([hash([1, 2]), hash([2, 1]), hash([1, 2.0000000000000004]), hash([1, 2, 0])]).size).toBe(4);
    expect(hash([0, 1])).toBe(hash([-0, 1]));
  });

  test("wrong weights and options are refused by name", () => {
    const create = (list: number[], numSamples = 1, replacement = true) => {
      return () => new WeightedRandomSampler(list, { numSamples, replacement, seed: 1 });
    };
    for (const wrong of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(create([1, wrong])).toThrow(`weights[1] must be finite and >= 0, got ${wrong}`);
    }
    expect(create(["1" as never])).toThrow(TypeError);
    for (const list of [[], [0, 0], [1e308, 1e308]]) expect(create(list)).toThrow("weights must have a finite sum > 0");
    expect(create([1, 0, 1], 3, false)).toThrow("options.numSamples must be an integer from 1 to 2, got 3");
    expect(create([1], 0)).toThrow("options.numSamples must be an integer >= 1, got 0");
  });
});

describe("BatchSampler", () => {
  test("cuts an epoch into batches, the last one smaller or left out", () => {
    const base = new RandomSampler(103, { seed: 1 });
    const all = readAll(base.epoch(2));
    const batches = Array.from(new BatchSampler(base, { batchSize: 10 }).epoch(2), (batch) => Array.from(batch));
    expect(batches.map((batch) => batch.length)).toEqual([...range(10).map(() => 10), 3]);
    expect(batches.flat()).toEqual(all);
    const full = new BatchSampler(base, { batchSize: 10, dropLast: true });
    expect(full.length).toBe(10);
    expect(Array.from(full.epoch(2), (batch) => Array.from(batch)).flat()).toEqual(all.slice(0, 100));
  });

  test("any batch can be asked for", () => {
    const order = new BatchSampler(new SequentialSampler(25), { batchSize: 10 }).epoch(0);
    expect(Array.from(order.batch(2))).toEqual([20, 21, 22, 23, 24]);
    expect(() => order.batch(3)).toThrow("number must be an integer from 0 to 2, got 3");
  });

  test("wrong options are refused by name", () => {
    const base = new SequentialSampler(5);
    expect(() => new BatchSampler(base, { batchSize: 0 })).toThrow("options.batchSize must be an integer >= 1, got 0");
  });
});

describe("DistributedSampler", () => {
  const share = (
    length: number,
    rank: number,
    world: number,
    options: { dropLast?: boolean; padding?: boolean } = {},
  ) => readAll(new DistributedSampler(new SequentialSampler(length), { rank, world, ...options }).epoch(0));

  test("pads with records from the start of the epoch", () => {
    expect(range(3).map((rank) => share(10, rank, 3))).toEqual([
      [0, 3, 6, 9],
      [1, 4, 7, 0],
      [2, 5, 8, 1],
    ]);
    expect(range(5).map((rank) => share(2, rank, 5))).toEqual([[0], [1], [0], [1], [0]]);
  });

  test("drops the tail, or shares it unevenly", () => {
    expect(range(3).map((rank) => share(10, rank, 3, { dropLast: true }))).toEqual([
      [0, 3, 6],
      [1, 4, 7],
      [2, 5, 8],
    ]);
    expect(range(3).map((rank) => share(10, rank, 3, { padding: false }).length)).toEqual([4, 3, 3]);
    expect(share(2, 4, 5, { padding: false })).toEqual([]);
  });

  test("ranks together read the whole of another sampler once", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 9 }), (length, world) => {
        const base = new RandomSampler(length, { seed: 1 });
        const parts = range(world).map((rank) =>
          readAll(new DistributedSampler(base, { rank, world, padding: false }).epoch(1)),
        );
        expect(sorted(parts.flat())).toEqual(range(length));
        expect(parts.map((part) => part[0])).toEqual(range(world).map((rank) => readAll(base.epoch(1))[rank]));
      }),
      { seed: 81, numRuns: 100 },
    );
  });

  test("wrong options are refused by name", () => {
    expect(() => share(5, 3, 3)).toThrow("options.rank must be an integer from 0 to 2, got 3");
    expect(() => share(5, 0, 0)).toThrow("options.world must be an integer >= 1, got 0");
    expect(() => share(5, 0, 1, { dropLast: true, padding: true })).toThrow("options.padding");
  });
});

describe("createIterableSampler", () => {
  test("keeps the caller's order and reads once per epoch", () => {
    let passes = 0;
    const source = {
      *[Symbol.iterator]() {
        passes++;
        yield* [5, 0, 5, passes];
      },
    };
    const sampler = createIterableSampler(source);
    const first = sampler.epoch(0);
    expect([readAll(first), passes]).toEqual([[5, 0, 5, 1], 1]);
    expect([readAll(sampler.epoch(0)), passes]).toEqual([[5, 0, 5, 1], 1]);
    expect([readAll(sampler.epoch(1)), passes]).toEqual([[5, 0, 5, 2], 2]);
    expect(readAll(first)).toEqual([5, 0, 5, 1]);
  });

  test("wrong values, an empty iterable and one that runs dry are refused", () => {
    expect(() => createIterableSampler([1, -2])).toThrow("sampler[1] must be an integer >= 0, got -2");
    expect(() => createIterableSampler(["1" as never])).toThrow(TypeError);
    expect(() => createIterableSampler([])).toThrow("sampler length must be an integer >= 1, got 0");
    expect(() => createIterableSampler(7 as never)).toThrow("sampler must be a Sampler or an iterable");
    const once = createIterableSampler([1, 2].values());
    once.epoch(0);
    expect(() => once.epoch(1)).toThrow("sampler gave 2 record numbers first and 0 for epoch 1");
  });
});
