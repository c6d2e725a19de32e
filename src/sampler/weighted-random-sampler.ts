import { assertBoolean, assertInteger, show } from "../util/options.js";
import { createAliasTable } from "./alias-table.js";
import { assertEpoch, assertSeed } from "./check.js";
import { deriveKey, fingerprint } from "./hash.js";
import { createChunkedOrder, createOrder } from "./order.js";
import { createRandom } from "./random.js";
import { DRAWS_PER_CHUNK } from "./random-sampler.js";
import { createSumTree } from "./sum-tree.js";
import type { EpochOrder, Sampler } from "./types.js";

export interface WeightedRandomSamplerOptions {
  /** Positions in an epoch. Without replacement no more than there are weights above 0. */
  readonly numSamples: number;
  /** @default true */
  readonly replacement?: boolean | undefined;
  /** Any safe integer. */
  readonly seed: number;
}

/**
 * Records drawn in proportion to `weights`, one weight a record; they need not sum to 1. With replacement any position is O(1) (alias method). Without, each draw
 * follows from all before it: an epoch is drawn as a whole when first read, in O(numSamples × log weights).
 *
 * @example
 * ```ts
 * const weights = labels.map((label) => 1 / classCounts[label]);
 * const balanced = new WeightedRandomSampler(weights, { numSamples: labels.length, seed: 7 });
 * ```
 */
export class WeightedRandomSampler implements Sampler {
  readonly length: number;
  readonly parameters: Sampler["parameters"];
  readonly #weights: Float64Array;
  readonly #seed: number;
  readonly #orderOf: (epoch: number) => EpochOrder;

  /**
   * @param weights Finite numbers >= 0, not all 0; copied.
   * @throws TypeError, RangeError naming the option or the weight that is not valid.
   */
  constructor(weights: Iterable<number>, options: WeightedRandomSamplerOptions) {
    const { numSamples, replacement = true, seed } = options;
    assertSeed(seed);
    assertBoolean("options.replacement", replacement);
    this.#weights = copyWeights(weights);
    const drawable = replacement ? undefined : this.#weights.filter((weight) => weight > 0).length;
    assertInteger("options.numSamples", numSamples, 1, drawable);
    this.#seed = seed;
    this.length = numSamples;
    this.parameters = { kind: "weighted-random", numSamples, replacement, seed, weights: fingerprint(this.#weights) };
    this.#orderOf = replacement ? this.#withReplacement() : (epoch) => this.#withoutReplacement(epoch);
  }

  epoch(epoch: number): EpochOrder {
    assertEpoch(epoch);
    return this.#orderOf(epoch);
  }

  #withReplacement(): (epoch: number) => EpochOrder {
    const table = createAliasTable(this.#weights, sum(this.#weights));
    return (epoch) =>
      createChunkedOrder(this.length, DRAWS_PER_CHUNK, (chunk, target) => {
        const random = createRandom(deriveKey(this.#seed, epoch, chunk));
        for (let at = 0; at < target.length; at++) target[at] = table.draw(random);
      });
  }

  #withoutReplacement(epoch: number): EpochOrder {
    let records: Float64Array | undefined;
    return createOrder(this.length, (position) => {
      records ??= this.#drawAll(epoch);
      return records[position] as number; // createOrder keeps positions below length
    });
  }

  #drawAll(epoch: number): Float64Array {
    const tree = createSumTree(this.#weights);
    const random = createRandom(deriveKey(this.#seed, epoch));
    return new Float64Array(this.length).map(() => tree.take(random));
  }
}

function copyWeights(weights: Iterable<number>): Float64Array {
  const values: number[] = [];
  for (const weight of weights) {
    const name = `weights[${values.length}]`;
    if (typeof weight !== "number") throw new TypeError(`${name} must be a number, got ${show(weight)}`);
    if (!(Number.isFinite(weight) && weight >= 0))
      throw new RangeError(`${name} must be finite and >= 0, got ${weight}`);
    values.push(weight + 0); // + 0 makes 0 of -0, so that equal lists have equal fingerprints
  }
  const copy = Float64Array.from(values);
  const total = sum(copy);
  if (!(total > 0 && Number.isFinite(total))) throw new RangeError(`weights must have a finite sum > 0, got ${total}`);
  return copy;
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
