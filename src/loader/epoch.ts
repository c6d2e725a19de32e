import type { Collator } from "../dataset/columns.js";
import type { Batch, Schema } from "../dataset/types.js";
import { HexzError } from "../errors.js";
import type { BlockStore } from "./block-store.js";
import type { Decoder } from "./decoder.js";
import type { Plan, Step } from "./plan.js";
import type { Epoch, LoaderState } from "./types.js";

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
  readonly collator: Collator;
  readonly store: BlockStore;
  readonly decoder: Decoder;
  readonly horizon: Horizon;
  readonly schema: Batch<S>["schema"];
  /** The state at a global position of this epoch. */
  readonly stateAt: (position: number) => LoaderState;
  readonly position: number;
  readonly signal: AbortSignal | undefined;
  readonly onClose: (epoch: Epoch<S>) => void;
}

/**
 * The pipeline of one pass: plan ahead, wait for the blocks of the next step, gather its rows. Owns the planned uses in the block store and gives every one
 * back, whether the pass is finished, left, aborted or failed.
 */
export class EpochIteration<S extends Schema> implements Epoch<S> {
  readonly epoch: number;
  readonly steps: number;
  readonly #parts: EpochParts<S>;
  /** Planned, not yet given. */
  #ahead: Step[] = [];
  #recordsAhead = 0;
  #position: number;
  #pending: Promise<unknown> = Promise.resolve();
  #isDone = false;
  #abort: ((reason: unknown) => void) | undefined;
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
    if (this.#isDone) return { done: true, value: undefined };
    this.#planAhead();
    const step = this.#ahead.shift();
    if (step === undefined) {
      this.#close(undefined);
      return { done: true, value: undefined };
    }
    this.#recordsAhead -= step.indices.length;
    const value = await this.#gather(step);
    this.#position = step.end;
    if (this.#ahead.length === 0) this.#planAhead();
    return { done: false, value };
  }

  /** Announces steps to the store until the horizon is full, a few more per batch than are consumed. */
  #planAhead(): void {
    const { plan, store, decoder, horizon } = this.#parts;
    for (let planned = 0; planned < STEPS_PER_PLANNING; planned++) {
      const isFar = store.plannedBlocks >= horizon.blocks || this.#recordsAhead >= horizon.records;
      if (isFar && this.#ahead.length > 0) break;
      const step = plan.next();
      if (step === undefined) break;
      for (const block of step.blocks) store.plan(block, step.step, decoder);
      this.#ahead.push(step);
      this.#recordsAhead += step.indices.length;
    }
    store.start();
  }

  async #gather(step: Step): Promise<Batch<S>> {
    const { store, decoder, collator, schema, epoch } = this.#parts;
    try {
      const waiting = store.ready(step.blocks, step.step, decoder);
      if (waiting !== undefined) await Promise.race([waiting, this.#aborted()]);
      const blocks = step.blocks.map((block) => store.view(block));
      const { indices, blockOf, rows } = step;
      const { columns, validity } = collator.collate({ size: indices.length, blocks, blockOf, rows });
      // The collator was made from the same schema the batch is typed by.
      return {
        epoch,
        step: step.step,
        size: indices.length,
        indices,
        columns,
        validity,
        schema,
      } as unknown as Batch<S>;
    } catch (error) {
      this.#close(error);
      throw error;
    } finally {
      this.#abort = undefined;
      store.release(step.blocks);
    }
  }

  /** Rejects when the pass is closed while it waits. */
  #aborted(): Promise<never> {
    return new Promise((_, reject) => {
      this.#abort = reject;
    });
  }

  state(): LoaderState {
    return this.#parts.stateAt(this.#position);
  }

  async return(): Promise<IteratorResult<Batch<S>>> {
    this.#close(new HexzError("E_CLOSED", `epoch ${this.epoch} was left before it ended`));
    await this.#pending;
    return { done: true, value: undefined };
  }

  #close(reason: unknown): void {
    if (this.#isDone) return;
    this.#isDone = true;
    const { store, signal, onClose } = this.#parts;
    signal?.removeEventListener("abort", this.#onAbort);
    for (const step of this.#ahead) for (const block of step.blocks) store.unplan(block);
    this.#ahead = [];
    this.#abort?.(reason);
    onClose(this);
  }

  [Symbol.asyncIterator](): Epoch<S> {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
