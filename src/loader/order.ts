import type { Snapshot } from "../core/snapshot.js";
import { shuffleContract } from "../sampler/contract.js";
import { createFilter, withFilter } from "../sampler/filtered-sampler.js";
import { createIterableSampler } from "../sampler/iterable-sampler.js";
import { RandomSampler } from "../sampler/random-sampler.js";
import { SequentialSampler } from "../sampler/sequential-sampler.js";
import type { Sampler, ShuffleContract, UnitCounts } from "../sampler/types.js";
import { createWindowSampler } from "../sampler/window-sampler.js";
import { createUnitIndex } from "../util/unit-index.js";
import type { Capacity } from "./host.js";
import type { ResolvedOptions } from "./options.js";
import type { LoaderState, ShuffleOptions } from "./types.js";

/** Share of the planned blocks that a window takes: the rest lets the next windows be fetched while these are read. */
export const WINDOW_SHARE = 0.8;
/** A window of more blocks per record of a batch mixes no better that anyone could tell (variance × 1.06 at the worst); memory beyond it keeps blocks from epoch to epoch. */
const BLOCKS_PER_BATCH_RECORD = 16;

/** An order, and what its mixing is worth where it is a shuffle of hexz. */
export interface ChosenOrder {
  readonly sampler: Sampler;
  readonly contract: ShuffleContract | undefined;
}

/**
 * The order the options ask for. A window the caller left open is as many blocks as memory holds; when a `saved` order is given it is that order's, so
 * that a run goes on the same on a machine with another budget.
 */
export function chooseOrder(
  options: ResolvedOptions,
  snapshot: Snapshot,
  capacity: Capacity,
  saved?: LoaderState["order"],
): ChosenOrder {
  const { sampler } = options;
  if (sampler !== undefined)
    return { sampler: isSampler(sampler) ? sampler : createIterableSampler(sampler), contract: undefined };
  if (snapshot.length === 0) return { sampler: NO_RECORDS, contract: undefined };
  if (options.filter === undefined) return orderOf(options, snapshot, snapshot.counts, capacity, saved);
  const filter = createFilter(options.filter, createUnitIndex(snapshot.counts));
  const { sampler: chosen, contract } = orderOf(options, snapshot, filter.counts, capacity, saved);
  return { sampler: withFilter(chosen, filter), contract };
}

/** The order of an empty dataset. */
const NO_RECORDS: Sampler = {
  length: 0,
  parameters: { kind: "empty" },
  epoch: () => ({ length: 0, fill: () => {} }),
};

/** An order of the records that `counts` tells of. */
function orderOf(
  { shuffle, batchSize, shard }: ResolvedOptions,
  snapshot: Snapshot,
  counts: UnitCounts,
  capacity: Capacity,
  saved: LoaderState["order"] | undefined,
): ChosenOrder {
  if (shuffle === undefined) return { sampler: new SequentialSampler(counts.total), contract: undefined };
  const globalBatch = batchSize * shard.world;
  if (isFull(shuffle, capacity, saved)) {
    const full = new RandomSampler(counts.total, { seed: shuffle.seed });
    return { sampler: full, contract: { window: counts.units, varianceFactor: 1, effectiveBatch: globalBatch } };
  }
  const window = shuffle.window ?? numberOf(saved?.window) ?? autoWindow(capacity, globalBatch);
  const lanes = shuffle.window === undefined ? numberOf(saved?.lanes) : undefined;
  const windowed = createWindowSampler({ counts, seed: shuffle.seed, window, lanes });
  const contract = shuffleContract({
    window: numberOf(windowed.parameters.window) ?? window,
    recordsPerUnit: Math.max(1, counts.total / counts.units),
    rho: labelCorrelation(snapshot),
    batchSize: globalBatch,
    lanes: numberOf(windowed.parameters.lanes),
  });
  return { sampler: windowed, contract };
}

function autoWindow({ blocks }: Capacity, globalBatch: number): number {
  return Math.max(1, Math.floor(Math.min(blocks * WINDOW_SHARE, globalBatch * BLOCKS_PER_BATCH_RECORD)));
}

function isSampler(sampler: Sampler | Iterable<number>): sampler is Sampler {
  return typeof (sampler as Partial<Sampler>).epoch === "function";
}

function isFull(shuffle: ShuffleOptions, capacity: Capacity, saved: LoaderState["order"] | undefined): boolean {
  if (shuffle.mode !== "auto") return shuffle.mode === "full";
  if (shuffle.window !== undefined) return false;
  return saved === undefined ? capacity.fitsAll : saved.kind === "random";
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** The largest intra-block correlation of any field that looks like a label; 1 where none is known. */
function labelCorrelation(snapshot: Snapshot): number {
  const known = Object.values(snapshot.statistics).flatMap(({ rho }) => (rho === undefined ? [] : [rho]));
  return known.length === 0 ? 1 : Math.min(1, Math.max(0, ...known));
}
