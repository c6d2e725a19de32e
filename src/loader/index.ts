/**
 * Batches, epoch after epoch. Receives a snapshot's blocks, the rows of its records and an order (`sampler/`); gives columns of the next records of this rank.
 * The seams: `plan.ts` (which blocks, by when, into which batch: pure) → `block-store.ts` (fetch and decode ahead, evict by next use, one byte budget
 * in `arena.ts`) → `decoder.ts` and `workers/` (decode on threads) → gather (`dataset/columns.ts`) → `epoch.ts` (the iteration and its state). Invariants: the order
 * depends on nothing but (snapshot, sampler, epoch); every planned use of a block is given back; memory stays within the budget.
 *
 * @module
 */
export type { DatasetOptions } from "./dataset.js";
export { openDataset } from "./dataset.js";
export type {
  DataLoader,
  Dataset,
  Epoch,
  IterationOptions,
  LoaderOptions,
  LoaderState,
  ShuffleOptions,
} from "./types.js";
