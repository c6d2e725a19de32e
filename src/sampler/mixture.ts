import { assertInteger, assertKnownKeys, show } from "../util/options.js";
import { assertEpoch } from "./check.js";
import { fingerprint } from "./hash.js";
import { createInterleave, type Interleave } from "./interleave.js";
import { assertFill } from "./order.js";
import { integerProportions } from "./proportions.js";
import type { Sampler } from "./types.js";

/** When an epoch of a mixture ends; see `MixtureOptions.stop`. */
export type MixtureStop = "first-exhausted" | "all-exhausted" | number;

export interface MixtureOptions {
  /** Positions of each source's own epoch: the records it has, or the length of its sampler. */
  readonly lengths: readonly number[];
  /**
   * How much of the mixture each source is, in any unit: `[0.7, 0.2, 0.1]` and `[70, 20, 10]` are the same. A source of weight 0 is never read.
   * @default what makes all sources end together: as `repeat` or `choose` say, else the lengths
   */
  readonly weights?: readonly number[] | undefined;
  /** How often an epoch of the mixture goes through each source, such as 2 or 0.5. Excludes `choose`. @default 1 for each */
  readonly repeat?: readonly number[] | undefined;
  /** How many positions an epoch of the mixture takes of each source. Excludes `repeat`. */
  readonly choose?: readonly number[] | undefined;
  /**
   * With `weights`, where an epoch ends: "first-exhausted" before the position where a source would be read more often than `repeat` or `choose` says, so that with
   * neither no record comes twice; "all-exhausted" after the one where the last source has been read that often, the others
   * beginning again as needed; or after a fixed number of positions.
   * @default "first-exhausted"
   */
  readonly stop?: MixtureStop | undefined;
  /** Chooses among the sequences that keep the proportions. @default 0 */
  readonly seed?: number | undefined;
}

/** What stands at a position of a mixture. */
export interface MixturePlace {
  readonly source: number;
  /** Position in that pass through the source, from 0. */
  readonly index: number;
  /** How often the epoch has been through the whole source before. */
  readonly pass: number;
}

/** The order in which an epoch reads several sources. The same in every epoch: what differs is the order within the sources. */
export interface Mixture {
  /** Positions in an epoch. */
  readonly length: number;
  /** Places of each source in a period of the sequence: what the weights came to. */
  readonly proportions: readonly number[];
  /** Positions of each source in an epoch. */
  readonly counts: readonly number[];
  readonly parameters: Sampler["parameters"];
  /** @throws RangeError outside `[0, length)` */
  at(position: number): MixturePlace;
  /**
   * Writes for the positions `start, start + stride, …` which source stands there and which of its positions that is, counted on through its passes: index
   * `value mod length of the source` of pass `⌊value / length⌋`. The arrays have the same length.
   *
   * @throws RangeError outside `[0, length)`
   */
  fill(start: number, stride: number, sources: Uint32Array, indices: Float64Array): void;
  /** Positions of each source in `[start, end)`, in a new array; a source's are the ones that follow `countsIn(0, start)`. @throws RangeError */
  countsIn(start: number, end: number): Float64Array;
  /** The epoch of the source's own sampler for one pass of an epoch of the mixture: another for each, so every pass has an order of its own. */
  epochOf(source: number, epoch: number, pass: number): number;
}

/**
 * Mixes sources in exact proportions: among the first k positions a source of share w has ⌊k·w⌋ or ⌈k·w⌉, and its positions follow each other without a gap. By
 * proportion (`weights`), by how often each is gone through (`repeat`), or by how much is taken of each (`choose`). Weights become
 * integer proportions with a sum of at most 2^18, and any position takes constant time. Without `weights` proportions are exact however large, and where
 * they have a larger sum a position not met before costs a pass from the last one met (0.05 to 0.3 µs a position, once).
 *
 * @throws TypeError, RangeError naming the option that is not valid.
 * @example
 * ```ts
 * const mixture = createMixture({ weights: [0.75, 0.25], lengths: [300, 50], stop: "all-exhausted" });
 * mixture.length; // 400: the first source has 300 of them, the second 100, twice its length
 * mixture.countsIn(40, 44); // 3 and 1
 * ```
 */
export function createMixture(options: MixtureOptions): Mixture {
  assertKnownKeys("options", options, ["lengths", "weights", "repeat", "choose", "stop", "seed"]);
  const { seed = 0 } = options;
  assertInteger("options.seed", seed, Number.MIN_SAFE_INTEGER);
  const lengths = resolveLengths(options.lengths);
  const budgets = resolveBudgets(options, lengths);
  const proportions = resolveProportions(options, budgets);
  const interleave = createInterleave(proportions, seed);
  const length = resolveLength(options, budgets, proportions, interleave);
  const counts = Array.from(interleave.countsBefore(length));
  // At least 1, for a source that the epoch does not reach.
  const passes = counts.map((count, source) => Math.max(1, Math.ceil(count / (lengths[source] as number))));

  const oneSource = new Uint32Array(1);
  const oneIndex = new Float64Array(1);
  return {
    length,
    proportions,
    counts,
    parameters: {
      kind: "mixture",
      sources: lengths.length,
      length,
      seed,
      lengths: fingerprint(lengths),
      proportions: fingerprint(proportions),
    },
    at(position) {
      assertInteger("position", position, 0, length - 1);
      interleave.fill(position, 1, oneSource, oneIndex);
      const [source, value] = [oneSource[0] as number, oneIndex[0] as number]; // arrays of one
      const pass = Math.floor(value / (lengths[source] as number));
      return { source, index: value - pass * (lengths[source] as number), pass };
    },
    fill(start, stride, sources, indices) {
      assertFill(length, start, stride, indices);
      if (sources.length !== indices.length) {
        throw new RangeError(`sources must be as long as indices, ${indices.length}, got ${sources.length}`);
      }
      interleave.fill(start, stride, sources, indices);
    },
    countsIn(start, end) {
      assertInteger("end", end, 0, length);
      assertInteger("start", start, 0, end);
      const before = interleave.countsBefore(start);
      return interleave.countsBefore(end).map((count, source) => count - (before[source] as number));
    },
    epochOf(source, epoch, pass) {
      assertInteger("source", source, 0, lengths.length - 1);
      assertEpoch(epoch);
      assertInteger("pass", pass, 0, (passes[source] as number) - 1);
      return epoch * (passes[source] as number) + pass;
    },
  };
}

function resolveLengths(lengths: readonly number[]): readonly number[] {
  if (!Array.isArray(lengths) || lengths.length === 0) {
    throw new TypeError(`options.lengths must be a list with one number a source, got ${show(lengths)}`);
  }
  lengths.forEach((length, source) => {
    assertInteger(`options.lengths[${source}]`, length, 1);
  });
  return Array.from(lengths);
}

/** Positions of each source after which it counts as exhausted. */
function resolveBudgets({ repeat, choose }: MixtureOptions, lengths: readonly number[]): readonly number[] {
  if (repeat !== undefined && choose !== undefined) {
    throw new TypeError("options.repeat and options.choose exclude each other: give one of them");
  }
  if (choose !== undefined) {
    assertOneEach("options.choose", choose, lengths);
    choose.forEach((count, source) => {
      assertInteger(`options.choose[${source}]`, count, 0);
    });
    return Array.from(choose);
  }
  if (repeat === undefined) return lengths;
  assertOneEach("options.repeat", repeat, lengths);
  return repeat.map((times, source) => {
    const count = Math.round(times * (lengths[source] as number));
    if (typeof times === "number" && times >= 0 && Number.isSafeInteger(count)) return count;
    throw new RangeError(`options.repeat[${source}] must be a number >= 0, got ${show(times)}`);
  });
}

function resolveProportions({ weights }: MixtureOptions, budgets: readonly number[]): readonly number[] {
  if (weights !== undefined) {
    assertOneEach("options.weights", weights, budgets);
    return integerProportions("options.weights", weights);
  }
  const total = budgets.reduce((sum, count) => sum + count, 0);
  assertInteger("the sum of options.lengths, repeated or chosen,", total, 1);
  return budgets;
}

function resolveLength(
  { weights, stop = "first-exhausted" }: MixtureOptions,
  budgets: readonly number[],
  proportions: readonly number[],
  interleave: Interleave,
): number {
  if (typeof stop === "number") {
    assertInteger("options.stop", stop, 1);
    return stop;
  }
  if (stop !== "first-exhausted" && stop !== "all-exhausted") {
    throw new RangeError(
      `options.stop must be "first-exhausted", "all-exhausted" or a number of positions, got ${show(stop)}`,
    );
  }
  if (weights === undefined) return budgets.reduce((sum, count) => sum + count, 0);
  const read = budgets.flatMap((budget, source) => (proportions[source] === 0 ? [] : [{ budget, source }]));
  const ends =
    stop === "first-exhausted"
      ? read.map(({ budget, source }) => interleave.positionOf(source, budget))
      : read.map(({ budget, source }) => (budget === 0 ? 0 : interleave.positionOf(source, budget - 1) + 1));
  const length = ends.reduce((a, b) => (stop === "first-exhausted" ? Math.min(a, b) : Math.max(a, b)));
  if (length === 0) throw new RangeError(`options.stop ${show(stop)} leaves no positions: a source has none to give`);
  assertInteger("the positions of an epoch", length, 1);
  return length;
}

function assertOneEach(name: string, values: readonly number[], sources: readonly number[]): void {
  if (Array.isArray(values) && values.length === sources.length) return;
  throw new RangeError(`${name} must be a list of ${sources.length} numbers, one a source, got ${show(values)}`);
}
