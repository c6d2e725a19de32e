import { createGroups, findGroup, type Groups, groupSize } from "./groups.js";
import { deriveKey } from "./hash.js";
import type { FillChunk } from "./order.js";
import { createPermutation, type Permutation } from "./permutation.js";
import { createRandom } from "./random.js";
import { createShortLine } from "./short-line.js";

export interface BucketBatchesOptions {
  readonly buckets: Groups;
  readonly seed: number;
  readonly epoch: number;
  /** Records in a batch. */
  readonly globalBatch: number;
}

/** The records by bucket: those with a length below the first boundary, then from each boundary on. */
export function createBuckets(lengths: Uint32Array, boundaries: readonly number[]): Groups {
  const starts = Float64Array.of(0, ...boundaries);
  return createGroups(lengths.length, starts.length, (record) => findGroup(starts, lengths[record] as number)); // records are indices
}

/**
 * Each bucket is permuted. Its first records make full batches; what remains of all buckets, laid end to end, makes more. All full batches are shuffled; a short
 * one is last.
 */
export function createBucketBatches({ buckets, seed, epoch, globalBatch }: BucketBatchesOptions): FillChunk {
  const count = buckets.starts.length - 1;
  const bucketNumbers = Array.from({ length: count }, (_, bucket) => bucket);
  const batches = bucketNumbers.map((bucket) => Math.floor(groupSize(buckets, bucket) / globalBatch));
  const batchStarts = sums(batches);
  const restStarts = sums(bucketNumbers.map((bucket) => groupSize(buckets, bucket) % globalBatch));
  const ofBuckets = batchStarts[count] as number; // one entry more than buckets
  const rest = createShortLine(restStarts[count] as number, globalBatch, createRandom(deriveKey(seed, epoch)));
  const full = ofBuckets + rest.full;
  const order = full === 0 ? undefined : createPermutation(full, deriveKey(seed, epoch, count));
  const permutations = new Array<Permutation | undefined>(count);

  /** Writes the records of a bucket at `[start, start + target.length)` of its permutation. */
  function fillFrom(bucket: number, start: number, target: Float64Array): void {
    const size = groupSize(buckets, bucket);
    const permutation = permutations[bucket] ?? createPermutation(size, deriveKey(seed, epoch, bucket));
    permutations[bucket] = permutation;
    permutation.fill(start, 1, target);
    const first = buckets.starts[bucket] as number; // `bucket` is below `count`
    for (let at = 0; at < target.length; at++) target[at] = buckets.records[first + (target[at] as number)] as number;
  }

  function fillRest(number: number, target: Float64Array): void {
    const { from, to } = rest.cut(number);
    let at = from;
    while (at < to) {
      const bucket = findGroup(restStarts, at);
      const until = Math.min(to, restStarts[bucket + 1] as number);
      const start = (batches[bucket] as number) * globalBatch + (at - (restStarts[bucket] as number));
      fillFrom(bucket, start, target.subarray(at - from, until - from));
      at = until;
    }
  }

  return (batch, target) => {
    const number = order !== undefined && batch < full ? order.at(batch) : full;
    if (number >= ofBuckets) return fillRest(rest.fullFirst[number - ofBuckets] as number, target); // the short one is last
    const bucket = findGroup(batchStarts, number);
    fillFrom(bucket, (number - (batchStarts[bucket] as number)) * globalBatch, target.subarray(0, globalBatch));
  };
}

/** The sum before each value, and the sum of all. */
function sums(values: readonly number[]): Float64Array {
  const result = new Float64Array(values.length + 1);
  values.forEach((value, index) => {
    result[index + 1] = (result[index] as number) + value;
  });
  return result;
}
