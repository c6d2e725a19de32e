import { HexzError } from "../errors.js";
import { formatBytes } from "../util/byte-size.js";
import type { Arena } from "./arena.js";
import type { BatchLayout } from "./batch-layout.js";
import type { BatchBuffer, BatchRing } from "./batch-ring.js";
import type { BlockStore } from "./block-store.js";
import type { Executor } from "./executor.js";
import type { Step } from "./plan.js";
import type { Resident } from "./resident.js";
import type { Gathered, GatherJob } from "./workers/protocol.js";

/** Bytes of batches in one task: enough work that handing it over is cheap beside it. */
const TASK_BYTES = 512 * 1024;

/** A planned step and the blocks it holds a use of. */
export interface PlannedStep {
  readonly step: Step;
  readonly residents: readonly Resident[];
}

/** A step with a buffer, and what to do when the batch is in it. */
export interface GatherOrder {
  /** Without the records that are left out, where some cannot be read. */
  step: Step;
  residents: readonly Resident[];
  readonly buffer: BatchBuffer;
  readonly resolve: (gathered: Gathered) => void;
  readonly reject: (error: unknown) => void;
}

/** Turns steps whose blocks are in memory into gather tasks, several small batches in one. */
export class Gatherer {
  readonly #arena: Arena;
  readonly #store: BlockStore;
  readonly #executor: Executor;
  readonly #layout: BatchLayout;
  readonly #strideBytes: number;
  readonly #ring: BatchRing;
  readonly #batchesPerTask: number;
  #group: GatherOrder[] = [];
  readonly #running = new Set<Promise<void>>();

  constructor(
    arena: Arena,
    store: BlockStore,
    executor: Executor,
    layout: BatchLayout,
    strideBytes: number,
    ring: BatchRing,
  ) {
    this.#arena = arena;
    this.#store = store;
    this.#executor = executor;
    this.#layout = layout;
    this.#strideBytes = strideBytes;
    this.#ring = ring;
    const batchBytes = Math.max(1, layout.itemsAt);
    this.#batchesPerTask = Math.max(1, Math.min(Math.floor(TASK_BYTES / batchBytes), Math.floor(ring.size / 3)));
  }

  /** Takes a step whose blocks are pinned and in memory. */
  add(order: GatherOrder): void {
    this.#group.push(order);
    if (this.#group.length >= this.#batchesPerTask) this.flush();
  }

  /** Sends what was added and not sent yet. */
  flush(): void {
    const group = this.#group;
    if (group.length === 0) return;
    this.#group = [];
    const running = this.#run(group).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Resolves when nothing writes to the ring any more. */
  async idle(): Promise<void> {
    this.flush();
    await Promise.all(this.#running);
  }

  async #run(group: readonly GatherOrder[]): Promise<void> {
    try {
      const gathered = await this.#gather(group);
      for (const [i, order] of group.entries()) await this.#settle(order, gathered[i]);
    } catch (error) {
      if (group.length === 1) for (const { reject } of group) reject(error);
      else for (const order of group) await this.#alone(order);
    } finally {
      for (const { residents } of group) this.#store.release(residents);
    }
  }

  /** One of a group that failed: its error, if any, is its own. */
  async #alone(order: GatherOrder): Promise<void> {
    try {
      const [gathered] = await this.#gather([order]);
      await this.#settle(order, gathered);
    } catch (error) {
      order.reject(error);
    }
  }

  #gather(group: readonly GatherOrder[]): Promise<readonly Gathered[]> {
    const jobs = group.map((order) => this.#job(order));
    return this.#executor.run({ kind: "gather", fields: this.#layout.gathers, jobs });
  }

  /** A batch whose items did not fit its buffer is gathered once more into a longer one. */
  async #settle(order: GatherOrder, gathered: Gathered | undefined): Promise<void> {
    if (gathered === undefined) throw new RangeError("a gather task gives one result per batch");
    const { buffer, resolve, reject } = order;
    if (gathered.neededBytes <= buffer.slot.bytes) return resolve(gathered);
    if (!this.#ring.enlarge(buffer, gathered.neededBytes)) return reject(noRoom(order.step, gathered.neededBytes));
    const [again] = await this.#gather([order]);
    await this.#settle(order, again);
  }

  #job({ step, buffer }: GatherOrder): GatherJob {
    const { rowsAt, basesAt, itemsAt, hasItems, tables } = this.#layout;
    const { at, bytes } = buffer.slot;
    const count = step.indices.length;
    const memory = this.#arena.memory.buffer;
    const { addresses } = this.#store;
    for (const { scale, scaleAt, bias, biasAt } of tables) {
      new Float32Array(memory, at + scaleAt, scale.length).set(scale);
      new Float32Array(memory, at + biasAt, bias.length).set(bias);
    }
    const rows = new Uint32Array(memory, at + rowsAt, count);
    const { blockOf, rows: rowOf } = step;
    const stride = this.#strideBytes;
    // The blocks of a step have their addresses from `ready` to `release`; all indexes are in bounds.
    for (let i = 0; i < count; i++)
      rows[i] = (addresses[blockOf[i] as number] as number) + (rowOf[i] as number) * stride;
    if (!hasItems) return { count, rows: at + rowsAt, bases: 0, at, itemsAt, bytes };
    const bases = new Uint32Array(memory, at + basesAt, count);
    for (let i = 0; i < count; i++) bases[i] = addresses[blockOf[i] as number] as number;
    return { count, rows: at + rowsAt, bases: at + basesAt, at, itemsAt, bytes };
  }
}

function noRoom({ step }: Step, bytes: number): HexzError {
  const message = `batch ${step} takes ${formatBytes(bytes)}, which cache.memory does not leave beside its blocks; raise cache.memory or lower batchSize`;
  return new HexzError("E_LIMIT", message, { context: { step, bytes } });
}
