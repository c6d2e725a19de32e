import { assertBoolean, assertInteger, show } from "../util/options.js";
import { assertEpoch, assertSeed } from "./check.js";
import { createGroups, type Groups, groupSize } from "./groups.js";
import { deriveKey, fingerprint } from "./hash.js";
import { createInterleave, type Interleave } from "./interleave.js";
import { assertFill } from "./order.js";
import { createPermutation, type Permutation } from "./permutation.js";
import { createRandom } from "./random.js";
import type { EpochOrder, Sampler } from "./types.js";

export interface StratifiedSamplerOptions {
  /** Any safe integer. */
  readonly seed: number;
  /**
   * Every class as often as every other: the records of a class smaller than the largest come again, each time through in another order.
   * @default false: each class in the proportion it has in `labels`
   */
  readonly balanced?: boolean | undefined;
  /**
   * Positions in an epoch.
   * @default the records, so that each comes once; balanced: classes × records of the largest class, so that each of its records comes once
   */
  readonly numSamples?: number | undefined;
}

/** What epochs share: records by class, classes of the interleave by the class that takes their place. */
interface Strata {
  readonly groups: Groups;
  readonly interleave: Interleave;
  /** Runs of classes with the same share, as `[from, to)`: which of them stands where is drawn each epoch. */
  readonly runs: readonly (readonly [number, number])[];
  /** Classes by falling share; the runs are over this list. */
  readonly classes: Uint32Array;
}

/**
 * Every class in its proportion in every batch: among the first k positions of an epoch a class with n of N records has ⌊k·n/N⌋ or ⌈k·n/N⌉, so any stretch, such as a
 * batch, is less than two records of it away from its share. Within a class the order is a permutation, new each epoch.
 *
 * Holds 4 bytes a record, and 2 more while an epoch is open for classes of fewer than 2^16 records. Labels of 10^7 records take about a second to sort. The
 * places of the classes repeat from epoch to epoch, save that classes of equal share exchange theirs; see `createInterleave` for what a
 * resume costs. Records are drawn from the whole dataset: on data larger than memory a block is decoded for nearly every record.
 *
 * @example
 * ```ts
 * const labels = Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 1);
 * const sampler = new StratifiedSampler(labels, { seed: 7 });
 * const batch = new Float64Array(4);
 * sampler.epoch(0).fill(0, 1, batch); // three records of class 0, one of class 1
 * ```
 */
export class StratifiedSampler implements Sampler {
  readonly length: number;
  readonly parameters: Sampler["parameters"];
  readonly #strata: Strata;
  readonly #seed: number;

  /**
   * @param labels The class of each record, any safe integers. Not kept.
   * @throws TypeError, RangeError naming the option or the label that is not valid.
   */
  constructor(labels: ArrayLike<number>, options: StratifiedSamplerOptions) {
    const { seed, balanced = false } = options;
    assertSeed(seed);
    assertBoolean("options.balanced", balanced);
    const groups = groupByLabel(labels);
    const sizes = Array.from({ length: groups.starts.length - 1 }, (_, group) => groupSize(groups, group));
    const largest = sizes.reduce((most, size) => Math.max(most, size), 0);
    const { numSamples = balanced ? sizes.length * largest : labels.length } = options;
    assertInteger("options.numSamples", numSamples, 1);
    this.length = numSamples;
    this.parameters = { kind: "stratified", numSamples, seed, balanced, labels: fingerprint(labels) };
    this.#seed = seed;
    this.#strata = createStrata(groups, balanced ? sizes.map(() => 1) : sizes, seed);
  }

  epoch(epoch: number): EpochOrder {
    assertEpoch(epoch);
    const { length } = this;
    const { groups, interleave } = this.#strata;
    const classes = drawClasses(this.#strata, this.#seed, epoch);
    const permute = createClassPermutations(groups, this.#seed, epoch);
    let places = new Uint32Array(0);
    return {
      length,
      fill(start, stride, target) {
        assertFill(length, start, stride, target);
        if (places.length < target.length) places = new Uint32Array(target.length);
        interleave.fill(start, stride, places.subarray(0, target.length), target);
        for (let at = 0; at < target.length; at++) {
          const group = classes[places[at] as number] as number; // places are indices of `classes`
          target[at] = permute(group, target[at] as number);
        }
      },
    };
  }
}

function createStrata(groups: Groups, weights: readonly number[], seed: number): Strata {
  const classes = Uint32Array.from(weights.keys()).sort(
    (a, b) => (weights[b] as number) - (weights[a] as number) || a - b,
  );
  const sorted = Array.from(classes, (group) => weights[group] as number);
  const runs: [number, number][] = [];
  sorted.forEach((weight, place) => {
    const run = runs.at(-1);
    if (run !== undefined && sorted[run[0]] === weight) run[1] = place + 1;
    else runs.push([place, place + 1]);
  });
  return { groups, interleave: createInterleave(sorted, seed), runs, classes };
}

/** Which class takes which place of the interleave in this epoch. */
function drawClasses({ classes, runs }: Strata, seed: number, epoch: number): Uint32Array {
  const drawn = classes.slice();
  const random = createRandom(deriveKey(seed, epoch));
  for (const [from, to] of runs) random.shuffle(drawn.subarray(from, to), to - from);
  return drawn;
}

/** The record of a class that comes after `index` others of it: a permutation for each time through the class. */
function createClassPermutations({ records, starts }: Groups, seed: number, epoch: number) {
  const permutations: (Permutation | undefined)[] = [];
  const passes: number[] = [];
  return (group: number, index: number): number => {
    const start = starts[group] as number; // groups are indices of `starts`
    const size = (starts[group + 1] as number) - start;
    const pass = Math.floor(index / size);
    let permutation = permutations[group];
    if (permutation === undefined || passes[group] !== pass) {
      permutation = createPermutation(size, deriveKey(seed, epoch, group, pass));
      permutations[group] = permutation;
      passes[group] = pass;
    }
    return records[start + permutation.at(index - pass * size)] as number; // inside the group
  };
}

/** Groups in the order of their labels. */
function groupByLabel(labels: ArrayLike<number>): Groups {
  if (!Number.isInteger((labels as ArrayLike<number> | null | undefined)?.length)) {
    throw new TypeError(`labels must be an array with one number a record, got ${show(labels)}`);
  }
  assertInteger("labels.length", labels.length, 1, 2 ** 32);
  const groupOf = new Map<number, number>();
  for (let record = 0; record < labels.length; record++) {
    const label = labels[record] as number; // in bounds by the loop
    if (!Number.isSafeInteger(label)) assertInteger(`labels[${record}]`, label, Number.MIN_SAFE_INTEGER);
    groupOf.set(label, 0);
  }
  Array.from(groupOf.keys())
    .sort((a, b) => a - b)
    .forEach((label, group) => {
      groupOf.set(label, group);
    });
  return createGroups(labels.length, groupOf.size, (record) => groupOf.get(labels[record] as number) as number); // all labels are in the map
}
