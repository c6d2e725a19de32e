import { assertInteger, show } from "../util/options.js";
import { assertEpoch, assertSeed } from "./check.js";
import type { Groups } from "./groups.js";
import { fingerprint } from "./hash.js";
import { createBucketBatches, createBuckets } from "./length-buckets.js";
import { createWindowBatches } from "./length-windows.js";
import { createChunkedOrder, type FillChunk } from "./order.js";
import type { EpochOrder, Sampler } from "./types.js";

export interface LengthBucketSamplerOptions {
  /** Any safe integer. */
  readonly seed: number;
  /** Records per batch of one rank, as the loader's. */
  readonly batchSize: number;
  /** Ranks that share a step: `batchSize × world` records of like length, so that no rank waits for another. @default 1 */
  readonly world?: number | undefined;
  /**
   * Lower ends of all buckets but the first, ascending: `[64, 256]` makes the buckets 0–63, 64–255 and 256 and up. Excludes `windowBatches`.
   */
  readonly boundaries?: readonly number[] | undefined;
  /**
   * Global batches that are sorted by length together: more make lengths more alike and the order less random.
   * @default 64, where there are no `boundaries`
   */
  readonly windowBatches?: number | undefined;
}

const DEFAULT_WINDOW_BATCHES = 64;
/** A sort key is length × records in the window + place: below 2^53 with lengths below 2^32. */
const WINDOW_RECORDS_LIMIT = 2 ** 21;

/**
 * Batches of records of similar length, so that padding them to the longest wastes little. Every record comes once; positions `[s·g, (s + 1)·g)`, where g is
 * `batchSize × world`, are one such batch, and the batches come in random order, new each epoch. The one batch that may be smaller is the last, of any length.
 *
 * With `windowBatches` the epoch is a permutation of all records, sorted by length one window at a time and cut into batches, which are shuffled within their
 * window. With `boundaries` records of one bucket are permuted and cut into batches, all batches are shuffled, and the records left over
 * of each bucket, fewer than a batch, make batches with those of the next buckets: at most one such batch a bucket.
 *
 * Resumes at any position; a jump sorts one window at most. Holds 4 bytes a record, and 2 more while an epoch is open for fewer than 2^16 records. The order depends on g only, not on how it is split. Records are drawn from the whole dataset: on data larger than memory a block
 * is decoded for nearly every record.
 *
 * @example
 * ```ts
 * const tokens = Uint16Array.from(texts, (text) => text.length);
 * const sampler = new LengthBucketSampler(tokens, { seed: 7, batchSize: 32, boundaries: [64, 128, 256] });
 * dataset.loader({ batchSize: 32, sampler });
 * ```
 */
export class LengthBucketSampler implements Sampler {
  readonly length: number;
  readonly parameters: Sampler["parameters"];
  readonly #globalBatch: number;
  readonly #batchesOf: (epoch: number) => FillChunk;

  /**
   * @param lengths The length of each record, integers from 0 to 2^32 − 1; copied.
   * @throws TypeError, RangeError naming the option or the length that is not valid.
   */
  constructor(lengths: ArrayLike<number>, options: LengthBucketSamplerOptions) {
    const { seed, batchSize, world = 1, boundaries, windowBatches } = options;
    assertSeed(seed);
    assertInteger("options.world", world, 1);
    assertInteger("options.batchSize", batchSize, 1, Math.floor(WINDOW_RECORDS_LIMIT / world));
    if (boundaries !== undefined && windowBatches !== undefined) {
      throw new TypeError("options.boundaries and options.windowBatches exclude each other: give one of them");
    }
    const copy = copyLengths(lengths);
    const globalBatch = batchSize * world;
    this.length = copy.length;
    this.#globalBatch = globalBatch;
    const shared = { kind: "length-bucket", records: copy.length, seed, globalBatch, lengths: fingerprint(copy) };
    if (boundaries === undefined) {
      const window = windowBatches ?? DEFAULT_WINDOW_BATCHES;
      assertInteger("options.windowBatches", window, 1, Math.floor(WINDOW_RECORDS_LIMIT / globalBatch));
      this.parameters = { ...shared, windowBatches: window };
      this.#batchesOf = windowBatchesOf(copy, { seed, globalBatch, window });
    } else {
      assertBoundaries(boundaries);
      this.parameters = { ...shared, boundaries: fingerprint(boundaries) };
      this.#batchesOf = bucketBatchesOf(createBuckets(copy, boundaries), { seed, globalBatch });
    }
  }

  epoch(epoch: number): EpochOrder {
    assertEpoch(epoch);
    return createChunkedOrder(this.length, this.#globalBatch, this.#batchesOf(epoch));
  }
}

// Functions of their own, so that buckets do not keep the lengths they were made from in memory.

function windowBatchesOf(
  lengths: Uint32Array,
  options: { readonly seed: number; readonly globalBatch: number; readonly window: number },
): (epoch: number) => FillChunk {
  return (epoch) => createWindowBatches({ ...options, lengths, epoch });
}

function bucketBatchesOf(
  buckets: Groups,
  options: { readonly seed: number; readonly globalBatch: number },
): (epoch: number) => FillChunk {
  return (epoch) => createBucketBatches({ ...options, buckets, epoch });
}

function copyLengths(lengths: ArrayLike<number>): Uint32Array {
  if (!Number.isInteger((lengths as ArrayLike<number> | null | undefined)?.length)) {
    throw new TypeError(`lengths must be an array with one number a record, got ${show(lengths)}`);
  }
  assertInteger("lengths.length", lengths.length, 1, 2 ** 32);
  const copy = new Uint32Array(lengths.length);
  for (let record = 0; record < copy.length; record++) {
    const length = lengths[record] as number; // in bounds by the loop
    copy[record] = length;
    if (copy[record] !== length) assertInteger(`lengths[${record}]`, length, 0, 2 ** 32 - 1);
  }
  return copy;
}

function assertBoundaries(boundaries: readonly number[]): void {
  if (!Array.isArray(boundaries) || boundaries.length === 0) {
    throw new TypeError(`options.boundaries must be a list of lengths, got ${show(boundaries)}`);
  }
  boundaries.forEach((boundary, index) => {
    assertInteger(`options.boundaries[${index}]`, boundary, index === 0 ? 1 : (boundaries[index - 1] as number) + 1);
  });
}
