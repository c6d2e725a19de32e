/**
 * hexz: an ML dataloader. Pack a dataset once into a snapshot, then read shuffled batches from it, verified and in an order fixed by (snapshot, seed, epoch,
 * world).
 *
 * @example
 * ```ts
 * import { openDataset, pack } from "hexz";
 * import { images } from "hexz/sources";
 *
 * await pack(images("photos/"), "photos.hxz");
 * await using dataset = await openDataset("photos.hxz");
 * for await (const batch of dataset.loader({ batchSize: 32, shuffle: { seed: 7 } })) console.log(batch.columns);
 * ```
 * @module
 */
export type { BlockEntry } from "./core/format/block-page.js";
export type { FieldStatistics } from "./core/format/metadata.js";
export type { FieldSpec, FixedField, ScalarType, SchemaSpec, VariableField } from "./core/format/schema.js";
export type { Snapshot, SnapshotOptions } from "./core/snapshot.js";
export { openSnapshot } from "./core/snapshot.js";
export type {
  AuthCallback,
  AuthRequest,
  CredentialProvider,
  S3Credentials,
  S3Options,
  StorageOptions,
} from "./core/storage/index.js";
export { createMemorySource, openLocalSource } from "./core/storage/index.js";
export type { RangeSource, ReadOptions, StorageStats } from "./core/storage/port.js";
export type { VerifyOptions, VerifyReport } from "./core/verify.js";
export { fields } from "./dataset/fields.js";
export type {
  Batch,
  ColumnsOf,
  Field,
  JsonValue,
  NumericArray,
  RecordInput,
  RecordOf,
  RecordSource,
  Records,
  Schema,
  VariableColumn,
} from "./dataset/types.js";
export type { HexzErrorCode, HexzErrorContext } from "./errors.js";
export { HexzError, isHexzError } from "./errors.js";
export type {
  BadRecords,
  Cast,
  Casts,
  DataLoader,
  Dataset,
  DatasetOptions,
  DatasetStats,
  Epoch,
  FloatCast,
  IterationOptions,
  LoaderOptions,
  LoaderState,
  LoaderStats,
  MappedEpoch,
  MappedLoader,
  OnError,
  OneHotCast,
  ShuffleOptions,
} from "./loader/index.js";
export { openDataset } from "./loader/index.js";
export type { PackOptions, PackProgress, PackResult } from "./pack/index.js";
export { pack } from "./pack/index.js";
export type {
  EpochOrder,
  LauncherOptions,
  LauncherShard,
  LengthBucketSamplerOptions,
  Mixture,
  MixtureOptions,
  MixturePlace,
  MixtureSource,
  MixtureStop,
  Sampler,
  Shard,
  ShuffleContract,
  StratifiedSamplerOptions,
} from "./sampler/index.js";
export {
  BatchSampler,
  createMixture,
  DistributedSampler,
  LengthBucketSampler,
  MixtureSampler,
  RandomSampler,
  SequentialSampler,
  StratifiedSampler,
  SubsetRandomSampler,
  shardFromEnvironment,
  shuffleContract,
  WeightedRandomSampler,
} from "./sampler/index.js";
