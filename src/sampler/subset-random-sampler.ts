import { assertInteger } from "../util/options.js";
import { assertEpoch, assertSeed } from "./check.js";
import { deriveKey, fingerprint } from "./hash.js";
import { createOrder } from "./order.js";
import { createPermutation } from "./permutation.js";
import type { EpochOrder, Sampler } from "./types.js";

/** The given records, each as often as it is given, in an order that is new each epoch. */
export class SubsetRandomSampler implements Sampler {
  readonly length: number;
  readonly parameters: Sampler["parameters"];
  readonly #indices: Float64Array;
  readonly #seed: number;

  /**
   * @param indices Record numbers; copied.
   * @throws TypeError, RangeError naming the option or the index that is not valid.
   */
  constructor(indices: Iterable<number>, options: { readonly seed: number }) {
    assertSeed(options.seed);
    this.#indices = copyIndices("indices", indices);
    assertInteger("indices.length", this.#indices.length, 1);
    this.#seed = options.seed;
    this.length = this.#indices.length;
    this.parameters = {
      kind: "subset-random",
      length: this.length,
      seed: this.#seed,
      indices: fingerprint(this.#indices),
    };
  }

  epoch(epoch: number): EpochOrder {
    assertEpoch(epoch);
    const permutation = createPermutation(this.length, deriveKey(this.#seed, epoch));
    return createOrder(this.length, (position) => this.#indices[permutation.at(position)] as number); // a permutation of its indices
  }
}

/** A copy of record numbers. @throws TypeError, RangeError at the first that is not an integer >= 0 */
export function copyIndices(name: string, indices: Iterable<number>): Float64Array {
  const values: number[] = [];
  for (const index of indices) {
    assertInteger(`${name}[${values.length}]`, index, 0);
    values.push(index + 0); // + 0 makes 0 of -0, so that equal lists have equal fingerprints
  }
  return Float64Array.from(values);
}
