import { deriveKey } from "./hash.js";
import { createRandom } from "./random.js";
import { createScheduler, jitter, multiplyDivide, type Shares } from "./schedule.js";

/**
 * An endless sequence of sources, each in its share: of the first k places source s has ⌊k·share⌋ or ⌈k·share⌉. Positions are any integers from 0.
 */
export interface Interleave {
  /** Places after which the sequence begins again, a whole number of each source in it. */
  readonly period: number;
  /** Writes for the positions `start, start + stride, …` which source stands there, and its how-manieth place, from 0, that is. */
  fill(start: number, stride: number, sources: Uint32Array, indices: Float64Array): void;
  /** Places of each source before `position`, in a new array. */
  countsBefore(position: number): Float64Array;
  /** Where the place number `index` of `source` is. The source must have a weight. */
  positionOf(source: number, index: number): number;
}

const LEAST_CHUNK = 4096;
const CHUNK_PER_SOURCE = 64;
const PLACES_KEPT = 2 ** 18;

interface Chunk {
  readonly sources: Uint32Array;
  /** Places of the same source in the chunk before each. */
  readonly ranks: Uint32Array;
  /** Places of each source before the chunk. */
  readonly before: Float64Array;
}

/**
 * Interleaves sources by integer `weights`, not all 0, their sum at most 2^53 − 1. `seed` chooses among the sequences that keep the shares.
 *
 * Made in chunks: the counts at the start of each (1/8 byte a place at most) say how it goes on. Up to 2^18 places stay in memory, so with a period up
 * to that any position takes constant time. In a longer one a place not met before costs a pass (some 50 ns a place) from the last one met.
 */
export function createInterleave(weights: ArrayLike<number>, seed: number): Interleave {
  const shares = reduce(weights);
  const { total } = shares;
  // A short cycle is repeated to a full chunk: the exchanges of `jitter` shall not come again at once.
  const cycles = Math.max(1, Math.ceil(LEAST_CHUNK / total));
  const period = cycles * total <= Number.MAX_SAFE_INTEGER ? cycles * total : total;
  const chunkLength = Math.min(period, Math.max(LEAST_CHUNK, CHUNK_PER_SOURCE * shares.weights.length));
  const perPeriod = shares.weights.map((weight) => weight * (period / total));
  const scheduler = createScheduler(shares, chunkLength);
  const starts: Float64Array[] = [new Float64Array(shares.weights.length)];
  const kept = new Map<number, Chunk>();

  function lengthOf(chunk: number): number {
    return Math.min(chunkLength, period - chunk * chunkLength);
  }

  /** Counts at the start of a chunk, made by going there from the furthest one known. */
  function startOf(chunk: number): Float64Array {
    for (let known = starts.length - 1; known < chunk; known++) {
      const counts = Float64Array.from(starts[known] as Float64Array); // the last one there is
      scheduler.run(known * chunkLength, lengthOf(known), counts);
      starts.push(counts);
    }
    return starts[chunk] as Float64Array; // the loop went there
  }

  function chunkOf(chunk: number): Chunk {
    const found = kept.get(chunk);
    if (found !== undefined) return found;
    const before = startOf(chunk);
    const counts = Float64Array.from(before);
    const start = chunk * chunkLength;
    const length = lengthOf(chunk);
    const places = scheduler.run(start, length, counts);
    if (starts.length === chunk + 1) starts.push(counts);
    jitter(places, start, length, createRandom(deriveKey(seed, chunk)));
    const sources = places.sources.slice(0, length);
    const made = { sources, ranks: rank(sources, before.length), before };
    const [oldest] = kept.keys();
    if (oldest !== undefined && (kept.size + 1) * chunkLength > PLACES_KEPT) kept.delete(oldest);
    kept.set(chunk, made);
    return made;
  }

  return {
    period,
    fill(start, stride, sources, indices) {
      let number = -1;
      let chunk: Chunk | undefined;
      for (let at = 0; at < sources.length; at++) {
        const position = start + at * stride;
        const cycle = Math.floor(position / period);
        const place = position - cycle * period;
        const wanted = Math.floor(place / chunkLength);
        if (chunk === undefined || wanted !== number) chunk = chunkOf(wanted);
        number = wanted;
        const offset = place - wanted * chunkLength;
        const source = chunk.sources[offset] as number; // inside the chunk by the line above
        sources[at] = source;
        // `source` is an index of every array of counts.
        indices[at] =
          cycle * (perPeriod[source] as number) + (chunk.before[source] as number) + (chunk.ranks[offset] as number);
      }
    },
    countsBefore(position) {
      const cycle = Math.floor(position / period);
      const place = position - cycle * period;
      const chunk = chunkOf(Math.floor(place / chunkLength));
      const counts = chunk.before.map((count, source) => cycle * (perPeriod[source] as number) + count);
      for (const source of chunk.sources.subarray(0, place % chunkLength))
        counts[source] = (counts[source] as number) + 1;
      return counts;
    },
    positionOf(source, index) {
      const weight = shares.weights[source] as number;
      const cycle = Math.floor(index / (perPeriod[source] as number));
      const rest = index - cycle * (perPeriod[source] as number);
      let number = Math.floor(multiplyDivide(rest, total, weight).whole / chunkLength);
      // Its window may reach over several chunks: the counts at their starts say which one.
      while ((number + 1) * chunkLength < period && (startOf(number + 1)[source] as number) <= rest) number++;
      const chunk = chunkOf(number);
      const wanted = rest - (chunk.before[source] as number);
      const offset = chunk.sources.findIndex((each, at) => each === source && chunk.ranks[at] === wanted);
      return cycle * period + number * chunkLength + offset;
    },
  };
}

function rank(sources: Uint32Array, count: number): Uint32Array {
  const seen = new Uint32Array(count);
  return sources.map((source) => {
    const before = seen[source] as number; // sources are below `count`
    seen[source] = before + 1;
    return before;
  });
}

function reduce(weights: ArrayLike<number>): Shares {
  const divisor = Array.from(weights).reduce(greatestCommonDivisor, 0);
  const reduced = Float64Array.from(weights, (weight) => weight / divisor);
  return { weights: reduced, total: reduced.reduce((sum, weight) => sum + weight, 0) };
}

function greatestCommonDivisor(a: number, b: number): number {
  let [large, small] = [a, b];
  while (small !== 0) [large, small] = [small, large % small];
  return large;
}
