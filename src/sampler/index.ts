/**
 * Which records, in which order. Receives record counts, labels, lengths or weights, a seed, an epoch number and options; gives an {@link EpochOrder}, which
 * answers for any position at any time. Invariants: the same arguments give the same order on every machine, whatever the number of workers or ranks;
 * every order can be read from any position on, so a saved position is all that a resume needs. Pure numbers: no I/O, no clock, no global
 * random state, and no floating point function whose last bit differs between machines.
 * @module
 */

export { createUnitIndex, type UnitIndex, type UnitRow } from "../util/unit-index.js";
export { type BatchOrder, BatchSampler, type BatchSamplerOptions } from "./batch-sampler.js";
export { type ShuffleContractOptions, shuffleContract } from "./contract.js";
export { DistributedSampler, type DistributedSamplerOptions } from "./distributed-sampler.js";
export { deriveKey, type Key } from "./hash.js";
export { createIterableSampler } from "./iterable-sampler.js";
export {
  type Environment,
  type Launcher,
  type LauncherOptions,
  type LauncherShard,
  shardFromEnvironment,
} from "./launcher.js";
export { LengthBucketSampler, type LengthBucketSamplerOptions } from "./length-bucket-sampler.js";
export { createMixture, type Mixture, type MixtureOptions, type MixturePlace, type MixtureStop } from "./mixture.js";
export { MixtureSampler, type MixtureSource } from "./mixture-sampler.js";
export { createPermutation, type Permutation } from "./permutation.js";
export { createRandom, type Random } from "./random.js";
export { RandomSampler, type RandomSamplerOptions } from "./random-sampler.js";
export { type SamplerSource, SequentialSampler } from "./sequential-sampler.js";
export {
  assertShard,
  createShardPlan,
  fillStep,
  type ShardPlan,
  type ShardPlanOptions,
  type ShardStep,
  type ShardTail,
} from "./shard.js";
export { StratifiedSampler, type StratifiedSamplerOptions } from "./stratified-sampler.js";
export { SubsetRandomSampler } from "./subset-random-sampler.js";
export type { EpochOrder, Sampler, Shard, ShuffleContract, UnitCounts } from "./types.js";
export { WeightedRandomSampler, type WeightedRandomSamplerOptions } from "./weighted-random-sampler.js";
export { createWindowOrder, type WindowOrderOptions } from "./window-order.js";
export { createWindowSampler, type WindowSamplerOptions } from "./window-sampler.js";
