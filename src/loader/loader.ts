import type { Collator } from "../dataset/columns.js";
import { createCollator } from "../dataset/columns.js";
import type { Schema } from "../dataset/types.js";
import { HexzError } from "../errors.js";
import type { ShuffleContract } from "../sampler/types.js";
import { assertInteger } from "../util/options.js";
import { EpochIteration } from "./epoch.js";
import type { LoaderHost } from "./host.js";
import type { ResolvedOptions } from "./options.js";
import { assertRoomForBatch } from "./options.js";
import type { ChosenOrder } from "./order.js";
import { chooseOrder } from "./order.js";
import { createPlan } from "./plan.js";
import type { DataLoader, Epoch, IterationOptions, LoaderState } from "./types.js";

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
  readonly #collator: Collator;
  readonly #live = new Set<Epoch<S>>();
  #order: ChosenOrder;
  #nextEpoch = 0;
  #isClosed = false;

  constructor(host: LoaderHost, options: ResolvedOptions) {
    const { batchSize, shard, dropLast, select } = options;
    const capacity = host.capacity();
    assertRoomForBatch(batchSize, host.snapshot.header, capacity);
    this.#host = host;
    this.#options = options;
    this.batchSize = batchSize;
    // `select` was checked against the schema, so its names are keys of S.
    this.fields = select as readonly (keyof S & string)[];
    this.schema = Object.fromEntries(Object.entries(host.schema).filter(([name]) => select.includes(name)));
    this.#collator = createCollator(host.schema, host.rows, select);
    this.#order = chooseOrder(options, host.snapshot, capacity);
    const steps = this.#order.sampler.length / (batchSize * shard.world);
    this.stepsPerEpoch = dropLast ? Math.floor(steps) : Math.ceil(steps);
  }

  get contract(): ShuffleContract | undefined {
    return this.#order.contract;
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
    const { index, store } = this.#host;
    const { batchSize, shard, dropLast, workers } = this.#options;
    const order = this.#order.sampler.epoch(epoch);
    const plan = createPlan({ order, index, batchSize, shard, dropLast, position });
    const room = this.#host.capacity();
    const iteration = new EpochIteration<S>({
      epoch,
      plan,
      collator: this.#collator,
      store,
      decoder: this.#host.decoder(workers),
      horizon: {
        blocks: room.blocks,
        records: Math.max(batchSize, Math.floor(room.bytes / 16 / PLAN_BYTES_PER_RECORD)),
      },
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

  #stateAt(epoch: number, position: number): LoaderState {
    return { version: 1, snapshotId: this.#host.snapshot.id, epoch, position, order: this.#order.sampler.parameters };
  }

  /** Takes up the order a state was saved from, or refuses the state where the options ask for another. */
  #adopt(state: LoaderState): void {
    if (state?.version !== 1) throw stateError(`has version ${String(state?.version)}, this build reads version 1`);
    const { snapshot } = this.#host;
    if (state.snapshotId !== snapshot.id)
      throw stateError(`belongs to snapshot ${state.snapshotId}, this is ${snapshot.id}`);
    const chosen = chooseOrder(this.#options, snapshot, this.#host.capacity(), state.order ?? {});
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

  /** One epoch each time, counting up; after `epoch(e)` or `resume` it goes on with the next. */
  [Symbol.asyncIterator](): Epoch<S> {
    return this.epoch(this.#nextEpoch);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#live].map((epoch) => epoch.return()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function stateError(what: string): HexzError {
  return new HexzError("E_STATE", `the state ${what}; resume it with the loader it was saved from`);
}
