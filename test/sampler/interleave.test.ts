import fc from "fast-check";
import { expect, test } from "vitest";
import { createInterleave, type Interleave } from "../../src/sampler/interleave.js";
import { createScheduler, multiplyDivide } from "../../src/sampler/schedule.js";
import { range } from "./support.js";

const weightsArbitrary = fc
  .array(fc.oneof(fc.nat({ max: 12 }), fc.nat({ max: 3000 })), { minLength: 1, maxLength: 12 })
  .filter((weights) => weights.some((weight) => weight > 0));

function read(interleave: Interleave, start: number, stride: number, count: number) {
  const sources = new Uint32Array(count);
  const indices = new Float64Array(count);
  interleave.fill(start, stride, sources, indices);
  return { sources: Array.from(sources), indices: Array.from(indices) };
}

/** The most that any source is away from its share after any number of places. */
function largestDeviation(sources: readonly number[], weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const counts = weights.map(() => 0);
  let largest = 0;
  sources.forEach((source, place) => {
    counts[source] = (counts[source] ?? 0) + 1;
    for (let each = 0; each < weights.length; each++) {
      const share = ((place + 1) * (weights[each] ?? 0)) / total;
      largest = Math.max(largest, Math.abs((counts[each] ?? 0) - share));
    }
  });
  return largest;
}

test("after any number of places every source is less than one from its share, and its places are counted without a gap", () => {
  fc.assert(
    fc.property(weightsArbitrary, fc.integer(), (weights, seed) => {
      const { sources, indices } = read(createInterleave(weights, seed), 0, 1, 6000);
      expect(largestDeviation(sources, weights)).toBeLessThan(1);
      const seen = weights.map(() => 0);
      const ranks = sources.map((source) => {
        const before = seen[source] ?? 0;
        seen[source] = before + 1;
        return before;
      });
      expect(indices).toEqual(ranks);
    }),
    { seed: 201, numRuns: 150 },
  );
});

test("a hundred sources of shares that differ a thousandfold keep them too", () => {
  const weights = range(100).map((source) => 1 + ((source * source * 7) % 1009));
  const { sources } = read(createInterleave(weights, 3), 0, 1, 60_000);
  expect(largestDeviation(sources, weights)).toBeLessThan(1);
});

test("a period holds each source exactly, and the next is the same again", () => {
  fc.assert(
    fc.property(weightsArbitrary, (weights) => {
      const interleave = createInterleave(weights, 1);
      const { period } = interleave;
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      expect(Array.from(interleave.countsBefore(period))).toEqual(weights.map((weight) => (period * weight) / total));
      const [start, next] = [read(interleave, 0, 1, 500), read(interleave, period, 1, 500)];
      expect(next.sources).toEqual(start.sources);
      const perPeriod = interleave.countsBefore(period);
      expect(next.indices).toEqual(start.indices.map((index, at) => index + (perPeriod[start.sources[at] ?? 0] ?? 0)));
    }),
    { seed: 202, numRuns: 60 },
  );
});

test("any position, stride and jump reads what one pass reads; counts and positions agree with it", () => {
  const jumps = fc.array(fc.tuple(fc.nat({ max: 19_999 }), fc.integer({ min: 1, max: 999 })), { maxLength: 8 });
  fc.assert(
    fc.property(weightsArbitrary, fc.integer(), jumps, (weights, seed, reads) => {
      const all = read(createInterleave(weights, seed), 0, 1, 20_000);
      const interleave = createInterleave(weights, seed);
      for (const [start, stride] of reads) {
        const count = Math.min(40, Math.ceil((20_000 - start) / stride));
        const places = range(count).map((at) => start + at * stride);
        const { sources, indices } = read(interleave, start, stride, count);
        expect(sources).toEqual(places.map((place) => all.sources[place]));
        expect(indices).toEqual(places.map((place) => all.indices[place]));
        expect(interleave.positionOf(sources[0] ?? 0, indices[0] ?? 0)).toBe(start);
        const counts = weights.map((_, source) => all.sources.slice(0, start).filter((each) => each === source).length);
        expect(Array.from(interleave.countsBefore(start))).toEqual(counts);
      }
    }),
    { seed: 203, numRuns: 60 },
  );
});

test("a period too long to keep is read the same in any sequence, and places are found in it", () => {
  const weights = [700_001, 1, 299_993];
  const wanted = [900_000, 10, 700_000, 700_001, 4096, 1_000_010];
  const cold = wanted.map((position) => read(createInterleave(weights, 5), position, 1, 3));
  const warm = createInterleave(weights, 5);
  expect(wanted.map((position) => read(warm, position, 1, 3))).toEqual(cold);
  for (const [at, { sources, indices }] of cold.entries()) {
    expect(createInterleave(weights, 5).positionOf(sources[0] ?? 0, indices[0] ?? 0)).toBe(wanted[at]);
  }
  const lone = warm.positionOf(1, 1);
  expect(read(warm, lone, 1, 1)).toEqual({ sources: [1], indices: [1] });
  expect(lone).toBeGreaterThanOrEqual(warm.period);
  expect(lone).toBeLessThan(2 * warm.period);
});

test("weights whose products pass 2^53 keep their shares", () => {
  const weights = [2 ** 51 - 1, 2 ** 50 + 3, 12_345];
  const { sources } = read(createInterleave(weights, 5), 0, 1, 8192);
  expect(largestDeviation(sources, weights)).toBeLessThan(1);
});

test("ranks that take every world-th place get a like share of each source", () => {
  for (const weights of [
    [1, 1],
    [3, 1],
    [7, 1],
    [15, 1],
    [1, 1, 1, 1],
    [5, 3, 2],
    [7, 2, 1],
    [4, 2, 1, 1],
  ]) {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (const world of [2, 4, 8]) {
      for (const rank of range(world)) {
        const { sources } = read(createInterleave(weights, 7), rank, world, 4096 / world);
        weights.forEach((weight, source) => {
          const share = sources.filter((each) => each === source).length / sources.length;
          expect(Math.abs(share - weight / total)).toBeLessThan(0.2);
        });
      }
    }
  }
});

test("seeds choose among the sequences, and none changes between releases", () => {
  const start = (seed: number) => read(createInterleave([3, 2, 1], seed), 0, 1, 18).sources.join("");
  expect(start(1)).toBe(start(1));
  expect(new Set(range(5).map(start)).size).toBe(5);
  expect(start(1)).toMatchInlineSnapshot(`"100210021001100120"`);
});

test("every place is inside the window of its source", () => {
  const weights = Float64Array.of(5, 3, 1);
  const counts = new Float64Array(3);
  const scheduler = createScheduler({ weights, total: 9 }, 20);
  const counted = [0, 0, 0];
  for (const start of [0, 20, 40]) {
    const { sources, from, to } = scheduler.run(start, 20, counts);
    sources.forEach((source, place) => {
      const weight = weights[source] ?? 0;
      const count = counted[source] ?? 0;
      expect([from[place], to[place]]).toEqual([
        Math.floor((count * 9) / weight),
        Math.ceil(((count + 1) * 9) / weight),
      ]);
      expect(from[place]).toBeLessThanOrEqual(start + place);
      expect(to[place]).toBeGreaterThan(start + place);
      counted[source] = count + 1;
    });
    expect(Array.from(counts)).toEqual(counted);
  }
});

test("a × b ÷ c is exact up to 2^53", () => {
  const big = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(big, big, fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (a, b, divisor) => {
      fc.pre((BigInt(a) * BigInt(b)) / BigInt(divisor) <= BigInt(Number.MAX_SAFE_INTEGER));
      const { whole, remainder } = multiplyDivide(a, b, divisor);
      expect(BigInt(whole) * BigInt(divisor) + BigInt(remainder)).toBe(BigInt(a) * BigInt(b));
      expect(remainder).toBeLessThan(divisor);
    }),
    { seed: 204, numRuns: 500 },
  );
});
