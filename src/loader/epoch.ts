import type { Batch, Schema } from "../dataset/types.js";
import { HexzError } from "../errors.js";
import { nowMs } from "../platform/index.js";
import type { Arena } from "./arena.js";
import type { BadRecordPolicy } from "./bad-records.js";
import { recordsIn, without } from "./bad-records.js";
import { createBatch } from "./batch.js";
import type { BatchLayout } from "./batch-layout.js";
import type { BatchBuffer, BatchRing } from "./batch-ring.js";
import type { BlockStore } from "./block-store.js";
import type { Executor } from "./executor.js";
import type { Gatherer, GatherOrder, PlannedStep } from "./gatherer.js";
import type { Lending } from "./lending.js";
import type { Plan, Step } from "./plan.js";
import type { EpochMeter } from "./stats.js";
import type { Epoch, LoaderState } from "./types.js";
import type { Gathered } from "./workers/protocol.js";

/** Steps planned at once while the horizon grows: the first batch does not wait for a long plan. */
const STEPS_PER_PLANNING = 16;

/** How far the plan runs ahead of the consumer. */
export interface Horizon {
  /** Different blocks planned: what memory holds. */
  readonly blocks: number;
  /** Records planned: the plan itself takes about 20 bytes each. */
  readonly records: number;
}

export interface EpochParts<S extends Schema> {
  readonly epoch: number;
  readonly plan: Plan;
  readonly layout: BatchLayout;
  readonly arena: Arena;
  readonly store: BlockStore;
  readonly executor: Executor;
  readonly ring: BatchRing;
  readonly gatherer: Gatherer;
  readonly lending: Lending;
  readonly meter: EpochMeter;
  readonly horizon: Horizon;
  readonly badRecords: BadRecordPolicy;
  readonly schema: Batch<S>["schema"];
  /** The state at a global position of this epoch. */
  readonly stateAt: (position: number) => LoaderState;
  readonly position: number;
  readonly signal: AbortSignal | undefined;
  readonly onClose: (epoch: Epoch<S>) => void;
}

/** A batch on its way to the consumer. */
interface Coming extends GatherOrder {
  readonly gathered: Promise<Gathered>;
}

/**
 * The pipeline of one pass: plan ahead → blocks of the next step → gather into the ring → hand over. Owns the planned uses in the block store and the buffers of the ring and
 * gives every one back, whether the pass is finished, left, aborted or failed.
 */
export class EpochIteration<S extends Schema> implements Epoch<S> {
  readonly epoch: number;
  readonly steps: number;
  readonly #parts: EpochParts<S>;
  /** Planned, without a buffer yet. */
  #ahead: PlannedStep[] = [];
  #recordsAhead = 0;
  /** Gathering or gathered, in order. */
  #coming: Coming[] = [];
  #position: number;
  /** When the batch before was given. */
  #givenMs: number | undefined;
  #pending: Promise<unknown> = Promise.resolve();
  #isProducing = false;
  /** Why no further step could be planned: a sampler's error. */
  #failure: { readonly error: unknown } | undefined;
  #isDone = false;
  readonly #onAbort = () => this.#close(this.#parts.signal?.reason);

  constructor(parts: EpochParts<S>) {
    this.epoch = parts.epoch;
    this.steps = parts.plan.steps + parts.plan.stepsBefore;
    this.#parts = parts;
    this.#position = parts.position;
    if (parts.signal?.aborted) this.#onAbort();
    else parts.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Batches come one after another, also where `next()` is called without waiting. */
  next(): Promise<IteratorResult<Batch<S>>> {
    const result = this.#pending.then(() => this.#next());
    this.#pending = result.catch(() => undefined);
    return result;
  }

  async #next(): Promise<IteratorResult<Batch<S>>> {
    this.#parts.signal?.throwIfAborted();
    this.#assertOpen();
    this.produce();
    const coming = this.#isDone ? undefined : this.#coming[0];
    if (coming === undefined) return this.#end();
    const value = this.#handOver(coming, await this.#arrival(coming));
    this.#position = coming.step.end;
    this.produce();
    return { done: false, value };
  }

  /** Batches that were gathered before the dataset was closed are not given any more. */
  #assertOpen(): void {
    if (this.#isDone || !this.#parts.store.isClosed) return;
    const error = this.#parts.store.closedError();
    this.#close(error);
    throw error;
  }

  /** After the last batch, or in place of the one that could not be planned. */
  #end(): IteratorResult<Batch<S>> {
    const failure = this.#failure;
    this.#failure = undefined;
    this.#close(undefined);
    if (failure !== undefined) throw failure.error;
    return { done: true, value: undefined };
  }

  async #arrival(coming: Coming): Promise<Gathered> {
    const askedMs = nowMs();
    try {
      const gathered = await coming.gathered;
      const givenMs = nowMs();
      this.#parts.meter.batch(coming.step.indices.length, givenMs - askedMs, givenMs - (this.#givenMs ?? askedMs));
      this.#givenMs = givenMs;
      return gathered;
    } catch (error) {
      this.#close(error);
      throw error;
    }
  }

  #handOver({ step, buffer }: Coming, { starts }: Gathered): Batch<S> {
    this.#coming.shift();
    const { arena, layout, schema, ring, lending } = this.#parts;
    const isLent = lending.isOn && ring.mayLend;
    const onRelease = () => {
      lending.isOn = true;
      if (isLent) ring.release(buffer);
    };
    const bytes = { buffer: arena.memory.buffer, at: buffer.slot.at, starts, copy: !isLent, onRelease };
    if (isLent) ring.lend(buffer);
    const batch = createBatch<S>(this.epoch, step, layout, schema, bytes);
    if (!isLent) ring.release(buffer);
    return batch;
  }

  /** Gathers as many steps ahead as the ring has buffers. Called again whenever a buffer comes back. */
  produce(): void {
    if (this.#isProducing || this.#isDone) return;
    void this.#produce();
  }

  /** Never rejects: the consumer hears of a failure in its turn. */
  async #produce(): Promise<void> {
    this.#isProducing = true;
    try {
      while (!this.#isDone) {
        this.#planAhead();
        const buffer = this.#ahead.length === 0 ? undefined : this.#parts.ring.acquire();
        const planned = buffer === undefined ? undefined : this.#ahead.shift();
        if (buffer === undefined || planned === undefined) break;
        this.#recordsAhead -= planned.step.indices.length;
        await this.#send(this.#announce(planned, buffer));
      }
    } catch (error) {
      this.#failure ??= { error };
    } finally {
      this.#isProducing = false;
      this.#parts.gatherer.flush();
    }
  }

  /** Gives a step to the gatherer as soon as its blocks are in memory; waits only where they are not. */
  #send(order: GatherOrder): Promise<void> | undefined {
    const { store, gatherer } = this.#parts;
    const waiting = store.ready(order.residents);
    if (waiting === undefined) {
      gatherer.add(order);
      return undefined;
    }
    gatherer.flush();
    return waiting.then(
      () => {
        if (this.#isDone) store.release(order.residents);
        else gatherer.add(order);
      },
      (error) => this.#skipOrFail(order, error),
    );
  }

  /** Goes on without the records of blocks that failed, where the policy allows it. */
  #skipOrFail(order: GatherOrder, error: unknown): Promise<void> | undefined {
    const { store, badRecords } = this.#parts;
    const { step, residents } = order;
    const failed = residents.filter(({ state }) => state === "failed");
    try {
      if (this.#isDone || failed.length === 0) throw error;
      for (const { block } of failed) {
        badRecords.accept({ epoch: this.epoch, step: step.step, block, records: recordsIn(step, block), error });
      }
    } catch (reason) {
      order.reject(reason);
      store.unplan(residents);
      return undefined;
    }
    order.step = without(step, new Set(failed.map(({ block }) => block)));
    order.residents = residents.filter((resident) => !failed.includes(resident));
    store.unplan(failed);
    return this.#send(order);
  }

  /** Queues a step for the consumer. */
  #announce(planned: PlannedStep, buffer: BatchBuffer): GatherOrder {
    let settle: Pick<GatherOrder, "resolve" | "reject"> | undefined;
    const gathered = new Promise<Gathered>((resolve, reject) => {
      settle = { resolve, reject };
    });
    gathered.catch(() => {}); // the consumer may have left
    const { resolve, reject } = settle as NonNullable<typeof settle>; // a promise calls its executor at once
    const coming = { ...planned, buffer, gathered, resolve, reject };
    this.#coming.push(coming);
    return coming;
  }

  /** Announces steps to the store until the horizon is full, a few more per batch than are consumed. */
  #planAhead(): void {
    const { store, executor, horizon, layout } = this.#parts;
    let planned = 0;
    for (; planned < STEPS_PER_PLANNING; planned++) {
      const isFar = store.plannedBlocks >= horizon.blocks || this.#recordsAhead >= horizon.records;
      if (isFar && this.#ahead.length > 0) break;
      const step = this.#nextStep();
      if (step === undefined) break;
      // A batch with items may need a longer buffer later.
      this.#ahead.push({ step, residents: store.plan(step.blocks, step.step, executor, !layout.hasItems) });
      this.#recordsAhead += step.indices.length;
    }
    if (planned > 0) store.start();
  }

  /** Undefined after the last step, and where the order gives no more: the steps before still come. */
  #nextStep(): Step | undefined {
    if (this.#failure !== undefined) return undefined;
    try {
      return this.#parts.plan.next();
    } catch (error) {
      this.#failure = { error };
      return undefined;
    }
  }

  state(): LoaderState {
    return this.#parts.stateAt(this.#position);
  }

  async return(): Promise<IteratorResult<Batch<S>>> {
    this.#close(new HexzError("E_CLOSED", `epoch ${this.epoch} was left before it ended`));
    await this.#pending;
    await this.#parts.gatherer.idle();
    return { done: true, value: undefined };
  }

  #close(reason: unknown): void {
    if (this.#isDone) return;
    this.#isDone = true;
    const { store, signal, onClose, ring, gatherer } = this.#parts;
    signal?.removeEventListener("abort", this.#onAbort);
    for (const { residents } of this.#ahead) store.unplan(residents);
    this.#ahead = [];
    for (const { reject } of this.#coming) reject(reason);
    const left = this.#coming.splice(0);
    void gatherer.idle().then(() => {
      for (const { buffer } of left) ring.release(buffer);
      ring.close();
    });
    onClose(this);
  }

  [Symbol.asyncIterator](): Epoch<S> {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
