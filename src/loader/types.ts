import type { Batch, Field, Records, Schema } from "../dataset/types.js";
import type { Sampler, Shard, ShuffleContract } from "../sampler/types.js";
import type { OnError } from "./bad-records.js";
import type { Cast, OneHotCast } from "./cast.js";
import type { MappedLoader } from "./mapped.js";
import type { DatasetStats, LoaderStats } from "./stats.js";

/** How an epoch is mixed. */
export interface ShuffleOptions {
  /** Any safe integer; 0 is a seed like any other. The order is fixed by (snapshot, seed, epoch). */
  readonly seed: number;
  /**
   * `full`: one permutation of all records. `window`: lanes of shuffled windows, each block decoded once. `auto`: full when the decoded data fits
   * the memory budget, else window. @default "auto"
   */
  readonly mode?: "auto" | "full" | "window" | undefined;
  /** Blocks open at once in window mode. @default as many as the memory budget holds */
  readonly window?: number | undefined;
}

/** Field → cast. */
export type Casts<K extends string> = { readonly [N in K]?: Cast | undefined };

type FloatColumn<D> = D extends "float16" ? Uint16Array : D extends "uint8" ? Uint8Array : Float32Array;
type ColumnAfter<C> = C extends { readonly dtype: infer D }
  ? FloatColumn<D>
  : C extends OneHotCast
    ? Float32Array
    : never;

/** The schema of batches after casts: the fields with one have another column. */
export type CastSchema<S extends Schema, C> = {
  [N in keyof S]: N extends keyof C
    ? C[N] extends Cast
      ? Field<{ value: unknown; input: unknown; column: ColumnAfter<C[N]> }>
      : S[N]
    : S[N];
};

export interface LoaderOptions<
  S extends Schema,
  K extends keyof S & string = keyof S & string,
  C extends Casts<K> = Record<never, never>,
> {
  /** Records per batch of this rank; the global batch is `batchSize × world`. */
  readonly batchSize: number;
  /** `false`: stored order. `true`: `{ seed: 0 }`. Not together with `sampler`. @default false */
  readonly shuffle?: boolean | ShuffleOptions | undefined;
  /**
   * This process's share. `"environment"` takes it from what torchrun, Open MPI, SLURM or a Kubernetes Indexed Job sets, and is all of it where none did.
   * @default { rank: 0, world: 1 }
   */
  readonly shard?: Shard | "environment" | undefined;
  /** Leave out the last, smaller global batch: the same as `tail: "drop"`. @default false */
  readonly dropLast?: boolean | undefined;
  /**
   * The last global batch, where it is not full: `drop` leaves it out, `short` shares what there is, `pad` fills it up with the first records of the epoch, so that every rank has
   * `batchSize` records in every step. @default "short"
   */
  readonly tail?: "drop" | "pad" | "short" | undefined;
  /** A sampler of `hexz`, or any iterable of record numbers (read once per epoch). */
  readonly sampler?: Sampler | Iterable<number> | undefined;
  /** Only these records: their numbers, or a function that is asked once for each; the epoch is as long as there are any. Not together with `sampler`. */
  readonly filter?: Iterable<number> | ((record: number) => boolean) | undefined;
  /** Fields to load; the others are not copied. @default all */
  readonly select?: readonly K[] | undefined;
  /**
   * Records that cannot be read: `"skip"` leaves those of damaged blocks out of their batch, which is then smaller (the number of steps stays, so ranks stay in step); a function decides each time.
   * @default "raise"
   */
  readonly onError?: OnError | undefined;
  /** An epoch that skips more than this is an error after all. @default 1000 */
  readonly maxSkippedRecords?: number | undefined;
  /** Fields to give as floats or one-hot, made on the threads while a batch is gathered. */
  readonly cast?: C | undefined;
  /** Threads; 0 does all work on the calling thread. @default cores − 1, between 1 and 4 */
  readonly workers?: number | undefined;
}

/** Where an iteration stands. Small JSON; belongs to one snapshot and one order, but not to a world size or worker count. */
export interface LoaderState {
  readonly version: 1;
  readonly snapshotId: string;
  readonly epoch: number;
  /** Global positions of the epoch consumed by all ranks together. */
  readonly position: number;
  readonly order: Readonly<Record<string, string | number | boolean | null>>;
}

export interface IterationOptions {
  /** Ends the iteration: the pending `next()` rejects with the signal's reason and everything is released. */
  readonly signal?: AbortSignal | undefined;
}

/** One pass over (the rest of) an epoch. `break`, `return()` and dispose release everything it holds. */
export interface Epoch<S extends Schema = Schema> extends AsyncIterableIterator<Batch<S>>, AsyncDisposable {
  readonly epoch: number;
  /** Steps from the start of the epoch to its end, the resumed part included. */
  readonly steps: number;
  /** State after the last batch given: restoring it goes on at exactly the next batch. */
  state(): LoaderState;
  return(): Promise<IteratorResult<Batch<S>>>;
  [Symbol.asyncIterator](): Epoch<S>;
}

/** Batches of a dataset, epoch after epoch. Iterating the loader itself gives one epoch each time, counting up from 0. */
export interface DataLoader<S extends Schema = Schema> extends AsyncDisposable {
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  /** Names of the fields loaded. */
  readonly fields: readonly (keyof S & string)[];
  /** The stored description of those fields. */
  readonly schema: Records<S>["schema"];
  /** What the shuffle promises; undefined where the order is not a shuffle of hexz. */
  readonly contract: ShuffleContract | undefined;
  /** A loader with the same options and these casts besides, over the same memory and threads; closed with this one. */
  cast<const C extends Casts<keyof S & string>>(casts: C): DataLoader<CastSchema<S, C>>;
  /** Its batches, each through `map` on the calling thread, in order; `map` may release the batch it is given. */
  map<T>(map: (batch: Batch<S>) => T | Promise<T>): MappedLoader<T>;
  epoch(epoch: number, options?: IterationOptions): Epoch<S>;
  resume(state: LoaderState, options?: IterationOptions): Epoch<S>;
  /** What its epochs did and waited for, as plain numbers. */
  stats(): LoaderStats;
  [Symbol.asyncIterator](): Epoch<S>;
  close(): Promise<void>;
}

/** Records with a loader: what `openDataset` gives. */
export interface Dataset<S extends Schema = Schema> extends Records<S> {
  /** Hex id of the snapshot. */
  readonly id: string;
  /** What all its loaders did, as plain numbers. */
  stats(): DatasetStats;
  loader<K extends keyof S & string = keyof S & string, const C extends Casts<K> = Record<never, never>>(
    options: LoaderOptions<S, K, C>,
  ): DataLoader<CastSchema<Pick<S, K>, C>>;
  select<K extends keyof S & string>(names: readonly K[]): Dataset<Pick<S, K>>;
}
