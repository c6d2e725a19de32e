/**
 * Batches, epoch after epoch. Receives a snapshot's blocks, the rows of its records and an order (`sampler/`); gives columns of the next records of this rank.
 * The seams: `plan.ts` (which blocks, by when, into which batch: pure) → `block-store.ts` (fetch and decode ahead; `block-memory.ts` says who has memory, one byte budget
 * in `arena.ts`) → `gatherer.ts` (rows of blocks → the buffers of `batch-ring.ts`, laid out by `batch-layout.ts`) → `epoch.ts` (the iteration and its state). `executor.ts` and `workers/` run both kinds
 * of task, on threads or on the calling thread. Invariants: the order
 * depends on nothing but (snapshot, sampler, epoch); every planned use of a block is given back; memory stays within the budget.
 *
 * @module
 */
export type { BadRecords, OnError } from "./bad-records.js";
export type { Cast, FloatCast, OneHotCast } from "./cast.js";
export type { DatasetOptions } from "./dataset.js";
export { openDataset } from "./dataset.js";
export type { MappedEpoch, MappedLoader } from "./mapped.js";
export type { DatasetStats, LoaderStats } from "./stats.js";
export type {
  Casts,
  DataLoader,
  Dataset,
  Epoch,
  IterationOptions,
  LoaderOptions,
  LoaderState,
  ShuffleOptions,
} from "./types.js";
