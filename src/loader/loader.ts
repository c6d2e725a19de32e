import type { Batch, Schema } from "../dataset/types.js";
import { HexzError } from "../errors.js";
import type { ShuffleContract } from "../sampler/types.js";
import { formatBytes } from "../util/byte-size.js";
import { assertInteger } from "../util/options.js";
import type { Slot } from "./arena.js";
import { ARENA_PAGE_BYTES } from "./arena.js";
import { BadRecordPolicy } from "./bad-records.js";
import type { BatchLayout } from "./batch-layout.js";
import { createBatchLayout } from "./batch-layout.js";
import { BatchRing } from "./batch-ring.js";
import type { Cast } from "./cast.js";
import { assertCasts } from "./cast.js";
import type { Horizon } from "./epoch.js";
import { EpochIteration } from "./epoch.js";
import { Gatherer } from "./gatherer.js";
import type { Capacity, LoaderHost } from "./host.js";
import type { Lending } from "./lending.js";
import type { MappedLoader } from "./mapped.js";
import { mapLoader } from "./mapped.js";
import type { ResolvedOptions } from "./options.js";
import { assertRoomForBatch } from "./options.js";
import type { ChosenOrder } from "./order.js";
import { chooseOrder, WINDOW_SHARE } from "./order.js";
import { createPlan } from "./plan.js";
import type { LoaderStats } from "./stats.js";
import { bottleneckOf, EpochMeter } from "./stats.js";
import type { CastSchema, Casts, DataLoader, Epoch, IterationOptions, LoaderState } from "./types.js";

/** Bytes of plan per record ahead: number, block, row. */
const PLAN_BYTES_PER_RECORD = 20;

/** Batches of one dataset: binds an order, a share of it, and the dataset's block store. Owns its live iterations and its decode threads. */
export class Loader<S extends Schema> implements DataLoader<S> {
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  readonly fields: readonly (keyof S & string)[];
  readonly schema: DataLoader<S>["schema"];
  readonly #host: LoaderHost;
  readonly #options: ResolvedOptions;
  readonly #layout: BatchLayout;
  /** Bytes of one batch, items included as far as known. */
  readonly #batchBytes: number;
  readonly #capacity: Capacity;
  readonly #lending: Lending = { isOn: false };
  readonly #meter = new EpochMeter();
  readonly #live = new Set<Epoch<S>>();
  readonly #derived: AsyncDisposable[] = [];
  #order: ChosenOrder;
  #nextEpoch = 0;
  #isClosed = false;

  constructor(host: LoaderHost, options: ResolvedOptions) {
    const { batchSize, shard, tail, select, cast, workers } = options;
    this.#host = host;
    this.#options = options;
    this.batchSize = batchSize;
    // `select` was checked against the schema, so its names are keys of S.
    this.fields = select as readonly (keyof S & string)[];
    this.#layout = createBatchLayout(host.schema, host.rows, select, batchSize, cast);
    this.schema = Object.fromEntries(this.#layout.fields.map(({ name, spec }) => [name, spec]));
    this.#batchBytes = this.#layout.itemsAt + (this.#layout.hasItems ? likelyItemBytes(host, batchSize) : 0);
    this.#capacity = host.capacity(this.#batchBytes, workers);
    assertRoomForBatch(batchSize, host.snapshot.header, this.#capacity);
    this.#order = chooseOrder(options, host.snapshot, this.#capacity);
    host.executor(workers); // its threads start now
    const steps = this.#order.sampler.length / (batchSize * shard.world);
    this.stepsPerEpoch = tail === "drop" ? Math.floor(steps) : Math.ceil(steps);
  }

  get contract(): ShuffleContract | undefined {
    return this.#order.contract;
  }

  cast<const C extends Casts<keyof S & string>>(casts: C): DataLoader<CastSchema<S, C>> {
    assertCasts(casts, this.#host.schema, this.#options.select);
    const given = Object.entries<Cast | undefined>(casts).filter(([, cast]) => cast !== undefined);
    if (given.length === 0) return this as unknown as DataLoader<CastSchema<S, C>>; // C has no cast
    const cast = { ...this.#options.cast, ...(Object.fromEntries(given) as ResolvedOptions["cast"]) };
    const derived = new Loader<CastSchema<S, C>>(this.#host, { ...this.#options, cast });
    this.#derived.push(derived);
    return derived;
  }

  map<T>(map: (batch: Batch<S>) => T | Promise<T>): MappedLoader<T> {
    return mapLoader<S, T>(this, map);
  }

  epoch(epoch: number, options: IterationOptions = {}): Epoch<S> {
    assertInteger("epoch", epoch, 0, Number.MAX_SAFE_INTEGER);
    return this.#iterate(epoch, 0, options);
  }

  resume(state: LoaderState, options: IterationOptions = {}): Epoch<S> {
    this.#adopt(state);
    return this.#iterate(state.epoch, state.position, options);
  }

  #iterate(epoch: number, position: number, { signal }: IterationOptions): Epoch<S> {
    if (this.#isClosed)
      throw new HexzError("E_CLOSED", "the loader has been closed; make a new one with dataset.loader()");
    const { index, store, arena, rows } = this.#host;
    const { batchSize, shard, tail, workers } = this.#options;
    const order = this.#order.sampler.epoch(epoch);
    const plan = createPlan({ order, index, batchSize, shard, tail, position });
    const executor = this.#host.executor(workers);
    const horizon = this.#horizon();
    store.keepAtMost(Math.max(0, this.#capacity.blocks - horizon.blocks) * this.#capacity.meanBlockBytes);
    const memory = {
      reserve: (bytes: number, isNeeded: boolean) => store.reserve(bytes, isNeeded),
      free: (slot: Slot) => arena.free(slot),
    };
    const ring = new BatchRing(memory, this.#batchBytes, this.#capacity.batches, () => iteration.produce());
    if (ring.size === 0) throw noRoomForBatches(this.#batchBytes, arena.limitBytes);
    const layout = this.#layout;
    const iteration: EpochIteration<S> = new EpochIteration<S>({
      epoch,
      plan,
      layout,
      arena,
      store,
      executor,
      ring,
      gatherer: new Gatherer(arena, store, executor, layout, rows.strideBytes, ring),
      lending: this.#lending,
      meter: this.#meter,
      horizon,
      badRecords: new BadRecordPolicy(this.#options.onError, this.#options.maxSkippedRecords),
      schema: this.schema,
      stateAt: (at) => this.#stateAt(epoch, at),
      position,
      signal,
      onClose: (closed) => this.#live.delete(closed),
    });
    this.#live.add(iteration);
    this.#nextEpoch = epoch + 1;
    return iteration;
  }

  /** A window shuffle needs the memory of its window; what is beyond keeps blocks from epoch to epoch. */
  #horizon(): Horizon {
    const { blocks, bytes } = this.#capacity;
    const { window } = this.#order.sampler.parameters;
    const needed = typeof window === "number" ? Math.ceil(window / WINDOW_SHARE) : blocks;
    const records = Math.max(this.batchSize, Math.floor(bytes / 16 / PLAN_BYTES_PER_RECORD));
    return { blocks: Math.min(blocks, needed), records };
  }

  #stateAt(epoch: number, position: number): LoaderState {
    return { version: 1, snapshotId: this.#host.snapshot.id, epoch, position, order: this.#order.sampler.parameters };
  }

  /** Takes up the order a state was saved from, or refuses the state where the options ask for another. */
  #adopt(state: LoaderState): void {
    if (state?.version !== 1) throw stateError(`has version ${String(state?.version)}, this build reads version 1`);
    const { snapshot } = this.#host;
    if (state.snapshotId !== snapshot.id)
      throw stateError(`belongs to snapshot ${state.snapshotId}, this is ${snapshot.id}`);
    const chosen = chooseOrder(this.#options, snapshot, this.#capacity, state.order ?? {});
    const own = chosen.sampler.parameters;
    for (const name of new Set([...Object.keys(own), ...Object.keys(state.order ?? {})])) {
      if (state.order?.[name] !== own[name]) {
        throw stateError(`was saved with order ${name} = ${state.order?.[name]}, this loader has ${own[name]}`);
      }
    }
    assertInteger("state.epoch", state.epoch, 0, Number.MAX_SAFE_INTEGER);
    assertInteger("state.position", state.position, 0, chosen.sampler.length);
    this.#order = chosen;
  }

  stats(): LoaderStats {
    const { stats, snapshot } = this.#host;
    const { batches, records, elapsedMs, waitMs } = this.#meter;
    const epochs = (records * this.#options.shard.world) / Math.max(1, this.#order.sampler.length);
    const needed = (epochs * snapshot.header.blocks) / this.#options.shard.world;
    const amplification = needed === 0 ? 0 : stats.blocksDecoded / needed;
    const bottleneck = bottleneckOf({ elapsedMs, waitMs }, stats, this.#options.workers);
    return { ...stats, batches, records, elapsedMs, waitMs, amplification, bottleneck };
  }

  /** One epoch each time, counting up; after `epoch(e)` or `resume` it goes on with the next. */
  [Symbol.asyncIterator](): Epoch<S> {
    return this.epoch(this.#nextEpoch);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#live].map((epoch) => epoch.return()));
    await Promise.all(this.#derived.map((loader) => loader[Symbol.asyncDispose]()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Items that a batch is likely to have, in bytes: a quarter more than the mean of all records. A batch with more gets a longer buffer. */
function likelyItemBytes({ snapshot, rows }: LoaderHost, batchSize: number): number {
  const { rawBytes } = snapshot.header;
  const mean = Math.max(0, rawBytes - snapshot.length * rows.strideBytes) / Math.max(1, snapshot.length);
  return Math.ceil(1.25 * mean * batchSize) + ARENA_PAGE_BYTES;
}

function noRoomForBatches(bytes: number, limitBytes: number): HexzError {
  const message = `a batch takes ${formatBytes(bytes)}, which other epochs of this dataset leave none of ${formatBytes(limitBytes)} for; raise cache.memory`;
  return new HexzError("E_LIMIT", message, { context: { bytes, limitBytes } });
}

function stateError(what: string): HexzError {
  return new HexzError("E_STATE", `the state ${what}; resume it with the loader it was saved from`);
}
