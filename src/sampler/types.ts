export type { UnitCounts } from "../util/unit-index.js";

/**
 * The order of one epoch: which record stands at which position. Pure and random access: any position can be asked at any time,
 * in any sequence, so an epoch resumes anywhere.
 */
export interface EpochOrder {
  /** Positions in the epoch. */
  readonly length: number;
  /** Writes the record numbers at positions `start, start + stride, …` into `target`, filling it. */
  fill(start: number, stride: number, target: Float64Array): void;
}

/** Makes the order of every epoch of a dataset. */
export interface Sampler {
  /** Positions in each epoch. */
  readonly length: number;
  /** Name and parameters, as stored in a loader's state: two samplers with equal parameters give equal orders. */
  readonly parameters: Readonly<Record<string, string | number | boolean | null>>;
  epoch(epoch: number): EpochOrder;
}

/** This process's share of a distributed job: rank `rank` of `world`. */
export interface Shard {
  readonly rank: number;
  readonly world: number;
}

/** What a window shuffle promises about its mixing; see `shuffleContract`. */
export interface ShuffleContract {
  /** Units open at once, over all lanes. */
  readonly window: number;
  /** Variance of batch means on class-sorted data ÷ that of an ideal shuffle: `1 + (b − 1) / W` where ρ is 1. */
  readonly varianceFactor: number;
  /** Records of an ideal shuffle that a batch is worth. */
  readonly effectiveBatch: number;
}
