import type { BlockStoreStats } from "./block-store.js";

/** What the threads of a dataset did, in milliseconds of one thread each. */
export interface ThreadStats {
  /** Reading, checking, decoding and restoring blocks. */
  readonly decodeMs: number;
  /** Copying and casting rows into batches. */
  readonly gatherMs: number;
}

/** Plain sums since the dataset was opened, over all its loaders: counters for any monitoring. */
export interface DatasetStats extends BlockStoreStats, ThreadStats {
  /** Bytes of the arena in use: blocks, batches, room to decode in. */
  readonly usedBytes: number;
  readonly limitBytes: number;
}

/** Plain sums over the epochs of one loader, besides those of its dataset. */
export interface LoaderStats extends DatasetStats {
  readonly batches: number;
  readonly records: number;
  /** From the first `next()` of each epoch to its last batch. */
  readonly elapsedMs: number;
  /** Of these the consumer waited for a batch. */
  readonly waitMs: number;
  /** Blocks decoded per block that an epoch would need once; 1 is the least without memory from epoch to epoch, less is what memory saves. */
  readonly amplification: number;
  /** One sentence: what a faster epoch would need. */
  readonly bottleneck: string;
}

/** Sums of one loader. */
export class EpochMeter {
  batches = 0;
  records = 0;
  waitMs = 0;
  elapsedMs = 0;

  /** One batch of `records` came after `waitMs`; it is `sinceMs` since the consumer asked for the one before. */
  batch(records: number, waitMs: number, sinceMs: number): void {
    this.batches++;
    this.records += records;
    this.waitMs += waitMs;
    this.elapsedMs += sinceMs;
  }
}

/** Below this share of the time a wait is not worth a word. */
const NOTABLE = 0.05;
/** A thread that works this share of the time has no time left. */
const SATURATED = 0.8;

/** Says which stage the others wait for. Pure. */
export function bottleneckOf(
  { elapsedMs, waitMs }: Pick<EpochMeter, "elapsedMs" | "waitMs">,
  { decodeMs, gatherMs }: ThreadStats,
  threads: number,
): string {
  if (elapsedMs === 0) return "nothing was read yet";
  const waiting = waitMs / elapsedMs;
  if (waiting < NOTABLE)
    return `the consumer: it waited ${percent(waiting)} of the time, a faster loader would not help`;
  const busy = (decodeMs + gatherMs) / (elapsedMs * Math.max(1, threads));
  const split = `decoding ${percent(decodeMs / (decodeMs + gatherMs))}, gathering ${percent(gatherMs / (decodeMs + gatherMs))}`;
  if (busy >= SATURATED && threads === 0)
    return `the calling thread: it worked ${percent(busy)} of the time on batches (${split}); workers would help`;
  if (busy >= SATURATED)
    return `the threads: ${threads} of them worked ${percent(busy)} of the time (${split}); more workers or cores would help`;
  return `storage or the calling thread: the consumer waited ${percent(waiting)} of the time, but the threads worked only ${percent(busy)} of it`;
}

function percent(share: number): string {
  return `${Math.round(100 * (Number.isFinite(share) ? share : 0))} %`;
}
