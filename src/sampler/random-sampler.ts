import { assertBoolean, assertInteger } from "../util/options.js";
import { assertEpoch, assertSeed } from "./check.js";
import { deriveKey } from "./hash.js";
import { createChunkedOrder, createPassOrder } from "./order.js";
import { createPermutation, type Permutation } from "./permutation.js";
import { createRandom } from "./random.js";
import { type SamplerSource, sourceLength } from "./sequential-sampler.js";
import type { EpochOrder, Sampler } from "./types.js";

export interface RandomSamplerOptions {
  /** Any safe integer. */
  readonly seed: number;
  /** Draw each record independently of the others, so that some come twice and some never. @default false */
  readonly replacement?: boolean | undefined;
  /**
   * Positions in an epoch. Without replacement, more than the records of the source means another permutation after the first.
   * @default the records of the source
   */
  readonly numSamples?: number | undefined;
}

/** Draws made at a time with replacement; part of the order. */
export const DRAWS_PER_CHUNK = 1024;

/**
 * Every record once in an order that is new each epoch, or independent draws. Takes no memory: see `createPermutation`. On a dataset larger
 * than memory a full permutation decodes a block again for nearly each of its records; a window shuffle does not.
 *
 * @example
 * ```ts
 * const sampler = new RandomSampler(dataset, { seed: 7 });
 * dataset.loader({ batchSize: 128, sampler });
 * ```
 */
export class RandomSampler implements Sampler {
  readonly length: number;
  readonly parameters: Sampler["parameters"];
  readonly #records: number;
  readonly #seed: number;
  readonly #replacement: boolean;

  /** @throws TypeError, RangeError naming the option that is not valid. */
  constructor(source: SamplerSource, options: RandomSamplerOptions) {
    const records = sourceLength(source);
    const { seed, replacement = false, numSamples = records } = options;
    assertSeed(seed);
    assertBoolean("options.replacement", replacement);
    assertInteger("options.numSamples", numSamples, 1);
    this.length = numSamples;
    this.parameters = { kind: "random", records, seed, replacement, numSamples };
    this.#records = records;
    this.#seed = seed;
    this.#replacement = replacement;
  }

  epoch(epoch: number): EpochOrder {
    assertEpoch(epoch);
    return this.#replacement ? this.#draws(epoch) : this.#permutations(epoch);
  }

  #draws(epoch: number): EpochOrder {
    return createChunkedOrder(this.length, DRAWS_PER_CHUNK, (chunk, target) => {
      const random = createRandom(deriveKey(this.#seed, epoch, chunk));
      for (let at = 0; at < target.length; at++) target[at] = random.below(this.#records);
    });
  }

  #permutations(epoch: number): EpochOrder {
    const records = this.#records;
    let pass = -1;
    let permutation: Permutation;
    return createPassOrder(this.length, records, (wanted, start, stride, target) => {
      if (wanted !== pass) {
        permutation = createPermutation(records, deriveKey(this.#seed, epoch, wanted));
        pass = wanted;
      }
      permutation.fill(start, stride, target);
    });
  }
}
