import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMixture, type Mixture, type MixtureOptions } from "../../src/sampler/index.js";
import { integerProportions, PERIOD_LIMIT } from "../../src/sampler/proportions.js";
import { range } from "./support.js";

const sourcesArbitrary = fc.array(
  fc.record({
    length: fc.integer({ min: 1, max: 60 }),
    weight: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.double({ min: 0.01, max: 1, noNaN: true })),
    repeat: fc.constantFrom(0.5, 1, 2, 3),
    choose: fc.integer({ min: 1, max: 90 }),
  }),
  { minLength: 1, maxLength: 6 },
);
type Sources = readonly { length: number; weight: number; repeat: number; choose: number }[];

const lengthsOf = (sources: Sources) => sources.map(({ length }) => length);
const weightsOf = (sources: Sources) => sources.map(({ weight }) => weight);

function read(mixture: Mixture, start = 0, stride = 1, count = mixture.length - start) {
  const sources = new Uint32Array(count);
  const indices = new Float64Array(count);
  mixture.fill(start, stride, sources, indices);
  return { sources: Array.from(sources), indices: Array.from(indices) };
}

function optionsOf(sources: Sources, mode: string, stop?: MixtureOptions["stop"]): MixtureOptions {
  const lengths = lengthsOf(sources);
  if (mode === "proportion") return { lengths, weights: weightsOf(sources), stop };
  if (mode === "repeat") return { lengths, repeat: sources.map(({ repeat }) => repeat) };
  if (mode === "choose") return { lengths, choose: sources.map(({ choose }) => choose) };
  return { lengths, weights: weightsOf(sources), repeat: sources.map(({ repeat }) => repeat), stop };
}

const modes = fc.constantFrom("proportion", "repeat", "choose", "both");
const stops = fc.oneof(
  fc.constantFrom("first-exhausted", "all-exhausted", undefined),
  fc.integer({ min: 1, max: 500 }),
);

test("proportions hold after any number of positions, each source's positions follow each other, counts agree", () => {
  fc.assert(
    fc.property(sourcesArbitrary, modes, stops, fc.nat(), (list, mode, stop, cut) => {
      fc.pre(mode !== "both" || list.every(({ length, repeat }) => length * repeat >= 1));
      const mixture = createMixture(optionsOf(list, mode, stop));
      const length = Math.min(mixture.length, 3000);
      const { sources, indices } = read(mixture, 0, 1, length);
      const total = mixture.proportions.reduce((sum, share) => sum + share, 0);
      const counts = list.map(() => 0);
      let largest = 0;
      sources.forEach((source, position) => {
        if (indices[position] !== counts[source]) largest = Number.POSITIVE_INFINITY;
        counts[source] = (counts[source] ?? 0) + 1;
        for (const [each, count] of counts.entries()) {
          const share = ((position + 1) * (mixture.proportions[each] ?? 0)) / total;
          largest = Math.max(largest, Math.abs(count - share));
        }
      });
      expect(largest).toBeLessThan(1);
      const [start, end] = [cut % (length + 1), length];
      const inRange = list.map((_, each) => sources.slice(start, end).filter((source) => source === each).length);
      expect(Array.from(mixture.countsIn(start, end))).toEqual(inRange);
      expect(Array.from(mixture.countsIn(0, mixture.length))).toEqual(mixture.counts);
      expect(mixture.counts.reduce((sum, count) => sum + count, 0)).toBe(mixture.length);
    }),
    { seed: 231, numRuns: 250 },
  );
});

test("any position, stride and jump reads what one pass reads, as places and in bulk", () => {
  const jumps = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 9 })), { maxLength: 8 });
  fc.assert(
    fc.property(sourcesArbitrary, modes, jumps, (list, mode, reads) => {
      const options = { ...optionsOf(list, mode, 700), seed: 3 };
      const all = read(createMixture(options));
      const mixture = createMixture(options);
      for (const [position, stride] of reads) {
        const start = position % mixture.length;
        const count = Math.min(30, Math.ceil((mixture.length - start) / stride));
        const { sources, indices } = read(mixture, start, stride, count);
        expect(sources).toEqual(range(count).map((at) => all.sources[start + at * stride]));
        expect(indices).toEqual(range(count).map((at) => all.indices[start + at * stride]));
        const { source, index, pass } = mixture.at(start);
        expect([source, pass * (list[source]?.length ?? 0) + index]).toEqual([sources[0], indices[0]]);
        expect(index).toBeLessThan(list[source]?.length ?? 0);
      }
    }),
    { seed: 232, numRuns: 100 },
  );
});

describe("where an epoch ends", () => {
  test("first-exhausted: as far as no source begins again; one position more, and one would", () => {
    fc.assert(
      fc.property(sourcesArbitrary, (list) => {
        const options = { lengths: lengthsOf(list), weights: weightsOf(list) };
        const mixture = createMixture(options);
        expect(mixture.counts.every((count, source) => count <= (list[source]?.length ?? 0))).toBe(true);
        const longer = createMixture({ ...options, stop: mixture.length + 1 });
        expect(longer.counts.some((count, source) => count > (list[source]?.length ?? 0))).toBe(true);
        expect(mixture.parameters).toEqual(createMixture({ ...options, stop: "first-exhausted" }).parameters);
      }),
      { seed: 233, numRuns: 150 },
    );
  });

  test("all-exhausted: as soon as every source has been read whole; one position fewer, and one is not", () => {
    fc.assert(
      fc.property(sourcesArbitrary, (list) => {
        const options = { lengths: lengthsOf(list), weights: weightsOf(list) };
        const mixture = createMixture({ ...options, stop: "all-exhausted" });
        const isWhole = (count: number, source: number) => count >= (list[source]?.length ?? 0);
        expect(mixture.counts.every(isWhole)).toBe(true);
        if (mixture.length === 1) return;
        expect(createMixture({ ...options, stop: mixture.length - 1 }).counts.every(isWhole)).toBe(false);
      }),
      { seed: 234, numRuns: 150 },
    );
  });

  test("repeat and choose: exactly that much of each source, and without either all records once", () => {
    const lengths = [300, 40, 7];
    expect(createMixture({ lengths }).counts).toEqual([300, 40, 7]);
    expect(createMixture({ lengths, repeat: [0.5, 2, 10] }).counts).toEqual([150, 80, 70]);
    expect(createMixture({ lengths, choose: [10, 0, 90] }).counts).toEqual([10, 0, 90]);
    expect(createMixture({ lengths, repeat: [1, 1, 0] }).counts).toEqual([300, 40, 0]);
  });

  test("weights with repeat: exhausted is what has been read that often", () => {
    const options = { lengths: [100, 100], weights: [3, 1], repeat: [3, 1] };
    expect(createMixture({ ...options, stop: "all-exhausted" }).counts).toEqual([300, 100]);
    expect(createMixture({ ...options, stop: "first-exhausted" }).counts).toEqual([300, 100]);
    expect(createMixture({ ...options, repeat: [1, 1], stop: "first-exhausted" }).counts[0]).toBe(100);
    expect(createMixture({ ...options, stop: 40 }).counts).toEqual([30, 10]);
  });

  test("a source of weight 0 is never read and keeps no epoch open", () => {
    const mixture = createMixture({ lengths: [10, 10], weights: [1, 0], stop: "all-exhausted" });
    expect([mixture.length, mixture.counts]).toEqual([10, [10, 0]]);
  });

  test("large exact counts are read anywhere", () => {
    const mixture = createMixture({ lengths: [1_000_003, 70_001], repeat: [1, 1] });
    expect(mixture.length).toBe(1_070_004);
    const last = read(mixture, 1_069_000);
    const counts = mixture.countsIn(0, 1_069_000);
    expect(Array.from(mixture.countsIn(1_069_000, 1_070_004))).toEqual(
      [0, 1].map((s) => (mixture.counts[s] ?? 0) - (counts[s] ?? 0)),
    );
    expect(last.indices.filter((_, at) => last.sources[at] === 1).at(-1)).toBe(70_000);
  });
});

test("each pass of each epoch is another epoch of the source, and all are used", () => {
  const mixture = createMixture({ lengths: [10, 4], weights: [1, 1], stop: "all-exhausted" });
  expect(mixture.counts).toEqual([10, mixture.length - 10]);
  const epochs = range(3).flatMap((epoch) => range(3).map((pass) => mixture.epochOf(1, epoch, pass)));
  expect(epochs).toEqual(range(9));
  expect(range(3).map((epoch) => mixture.epochOf(0, epoch, 0))).toEqual(range(3));
  expect(() => mixture.epochOf(0, 0, 1)).toThrow("pass must be an integer from 0 to 0, got 1");
  expect(new Set(range(mixture.length).map((position) => mixture.at(position).pass))).toEqual(new Set([0, 1, 2]));
});

describe("integerProportions", () => {
  const of = (...weights: number[]) => integerProportions("weights", weights);

  test("finds the smallest numbers that say the same", () => {
    expect(of(0.7, 0.2, 0.1)).toEqual([7, 2, 1]);
    expect(of(70, 20, 10)).toEqual([7, 2, 1]);
    expect(of(1 / 3, 1 / 3, 1 / 3)).toEqual([1, 1, 1]);
    expect(of(0.333, 0.667)).toEqual([333, 667]);
    expect(of(5)).toEqual([1]);
    expect(of(0, 3, 0, 6)).toEqual([0, 1, 0, 2]);
    expect(of(1e-300, 3e-300)).toEqual([1, 3]);
    expect(of(1e308, 1e308)).toEqual([1, 1]);
    expect(of(1, PERIOD_LIMIT - 1)).toEqual([1, PERIOD_LIMIT - 1]);
  });

  test("comes as near as 2^18 places allow to weights that have none", () => {
    const weights = fc.array(fc.double({ min: 1e-3, max: 1, noNaN: true }), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(weights, (list) => {
        const proportions = of(...list);
        const sum = list.reduce((total, weight) => total + weight, 0);
        const places = proportions.reduce((total, count) => total + count, 0);
        expect(places).toBeLessThanOrEqual(PERIOD_LIMIT);
        proportions.forEach((count, source) => {
          expect(Math.abs(count / places - (list[source] ?? 0) / sum)).toBeLessThan(1 / PERIOD_LIMIT);
        });
      }),
      { seed: 235, numRuns: 40 },
    );
    expect(of(1, 1e-12)).toEqual([PERIOD_LIMIT - 1, 1]);
  });

  test("refuses what is no weight", () => {
    expect(() => of(1, -1)).toThrow("weights[1] must be finite and >= 0, got -1");
    expect(() => of(Number.POSITIVE_INFINITY)).toThrow("weights[0]");
    expect(() => of(0, 0)).toThrow("weights must have one above 0");
    expect(() => integerProportions("weights", ["1" as never])).toThrow(TypeError);
  });
});

test("parameters tell lengths, proportions and seeds apart, and survive JSON", () => {
  const of = (options: Partial<MixtureOptions>) => createMixture({ lengths: [50, 50], ...options }).parameters;
  const others = [
    of({}),
    of({ seed: 1 }),
    of({ lengths: [50, 51] }),
    of({ weights: [2, 1] }),
    of({ stop: 9, weights: [1, 1] }),
  ];
  expect(new Set(others.map((each) => JSON.stringify(each))).size).toBe(5);
  expect(JSON.parse(JSON.stringify(others[0]))).toEqual(others[0]);
});

test("wrong options are refused by name", () => {
  const make = (options: object) => () => createMixture({ lengths: [5, 6], ...options });
  expect(make({ lengths: [] })).toThrow("options.lengths must be a list");
  expect(make({ lengths: [5, 0] })).toThrow("options.lengths[1] must be an integer >= 1, got 0");
  expect(make({ weights: [1] })).toThrow(
    "options.weights must be a list of 2 numbers, one a source, got an array of length 1",
  );
  expect(make({ weights: [0, 0] })).toThrow("options.weights must have one above 0");
  expect(make({ repeat: [1, -1] })).toThrow("options.repeat[1] must be a number >= 0, got -1");
  expect(make({ repeat: [1, "2"] })).toThrow('options.repeat[1] must be a number >= 0, got "2"');
  expect(make({ choose: [1, 1.5] })).toThrow("options.choose[1] must be an integer >= 0, got 1.5");
  expect(make({ choose: [0, 0] })).toThrow("the sum of options.lengths, repeated or chosen, must be");
  expect(make({ choose: [1, 1], repeat: [1, 1] })).toThrow("exclude each other");
  expect(make({ weights: [1, 1], stop: "never" })).toThrow('options.stop must be "first-exhausted"');
  expect(make({ weights: [1, 1], stop: 0 })).toThrow("options.stop must be an integer >= 1, got 0");
  expect(make({ weights: [1, 1], repeat: [0, 1] })).toThrow('options.stop "first-exhausted" leaves no positions');
  expect(make({ seed: 0.5 })).toThrow("options.seed");
  expect(make({ weigths: [1, 1] })).toThrow("options.weigths is not an option");
  const mixture = createMixture({ lengths: [5, 6] });
  expect(() => mixture.at(11)).toThrow("position must be an integer from 0 to 10, got 11");
  expect(() => mixture.countsIn(3, 12)).toThrow("end must be");
  expect(() => mixture.countsIn(4, 3)).toThrow("start must be");
  expect(() => read(mixture, 10, 1, 2)).toThrow("positions must lie in [0, 11)");
  expect(() => mixture.fill(0, 1, new Uint32Array(2), new Float64Array(3))).toThrow(
    "sources must be as long as indices, 3, got 2",
  );
});
