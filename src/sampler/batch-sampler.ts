import { assertBoolean, assertInteger } from "../util/options.js";
import type { Sampler } from "./types.js";

export interface BatchSamplerOptions {
  /** Records in a batch. */
  readonly batchSize: number;
  /** Leave out the last, smaller batch. @default false */
  readonly dropLast?: boolean | undefined;
}

/** The batches of one epoch: iterate, or ask for any of them. */
export interface BatchOrder extends Iterable<Float64Array> {
  readonly length: number;
  /** Record numbers of batch `number`, in a new array. @throws RangeError outside `[0, length)` */
  batch(number: number): Float64Array;
}

/** Groups another sampler's positions into batches of record numbers. */
export class BatchSampler {
  /** Batches in each epoch. */
  readonly length: number;
  readonly parameters: Sampler["parameters"];
  readonly #sampler: Sampler;
  readonly #batchSize: number;

  /** @throws TypeError, RangeError naming the option that is not valid. */
  constructor(sampler: Sampler, options: BatchSamplerOptions) {
    const { batchSize, dropLast = false } = options;
    assertInteger("options.batchSize", batchSize, 1);
    assertBoolean("options.dropLast", dropLast);
    const batches = sampler.length / batchSize;
    this.length = dropLast ? Math.floor(batches) : Math.ceil(batches);
    this.parameters = { kind: "batch", batchSize, dropLast, of: JSON.stringify(sampler.parameters) };
    this.#sampler = sampler;
    this.#batchSize = batchSize;
  }

  epoch(epoch: number): BatchOrder {
    const order = this.#sampler.epoch(epoch);
    const { length } = this;
    const size = this.#batchSize;

    function batch(number: number): Float64Array {
      assertInteger("number", number, 0, length - 1);
      const start = number * size;
      const records = new Float64Array(Math.min(size, order.length - start));
      order.fill(start, 1, records);
      return records;
    }

    return {
      length,
      batch,
      *[Symbol.iterator]() {
        for (let number = 0; number < length; number++) yield batch(number);
      },
    };
  }
}
