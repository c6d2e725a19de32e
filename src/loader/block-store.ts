import type { BlockEntry } from "../core/format/block-page.js";
import type { Snapshot } from "../core/snapshot.js";
import { HexzError, isHexzError } from "../errors.js";
import { formatBytes } from "../util/byte-size.js";
import type { Arena, Slot } from "./arena.js";
import type { Decoder } from "./decoder.js";
import type { DecodeJob } from "./workers/protocol.js";

/** Blocks a task decodes at most: about a millisecond of work, so that handing it over is cheap beside it. */
const BLOCKS_PER_TASK = 8;
/** Tasks under way per thread. */
const TASKS_PER_THREAD = 4;
/** A block whose worker died is decoded again this often before its error counts. */
const MAX_ATTEMPTS = 3;

/** Someone who waits for several blocks. */
interface Waiter {
  missing: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A block that is wanted, under way, or in memory. */
interface Resident {
  readonly block: number;
  readonly decoder: Decoder;
  state: "wanted" | "decoding" | "ready" | "failed";
  /** Planned uses that are still to come. */
  uses: number;
  /** Steps that need it right now. */
  pins: number;
  /** Step of the latest planned use: the farthest goes first when memory is short. */
  lastStep: number;
  attempts: number;
  entry: BlockEntry | undefined;
  slot: Slot | undefined;
  view: Uint8Array | undefined;
  error: unknown;
  waiters: Waiter[];
}

/** Plain numbers about what the store did since it was made. */
export interface BlockStoreStats {
  readonly blocksDecoded: number;
  readonly storedBytesRead: number;
  /** Planned uses that found their block in memory or under way. */
  readonly hits: number;
  readonly evictions: number;
}

/**
 * Decoded blocks in the arena, by the plan: decodes in the order of first use, as far ahead as memory allows, and evicts first what no plan mentions,
 * longest unused first, then what is needed farthest in the future. Everything in it is counted in the arena's budget.
 *
 * A use goes `plan` → `ready` (pins) → `view` → `release`, or `plan` → `unplan`.
 */
export class BlockStore {
  readonly #snapshot: Snapshot;
  readonly #arena: Arena;
  readonly #residents = new Map<number, Resident>();
  /** Ready, unplanned, unpinned: oldest first. */
  readonly #idle = new Map<number, Resident>();
  #queue: Resident[] = [];
  #tasks = 0;
  #locating = false;
  #closed = false;
  readonly #counts = { blocksDecoded: 0, storedBytesRead: 0, hits: 0, evictions: 0 };

  constructor(snapshot: Snapshot, arena: Arena) {
    this.#snapshot = snapshot;
    this.#arena = arena;
  }

  get stats(): BlockStoreStats {
    return { ...this.#counts };
  }

  /** Different blocks with a use to come. */
  get plannedBlocks(): number {
    return this.#residents.size - this.#idle.size;
  }

  /** Announces one use of `block` in `step`; decoding starts as soon as there is room. */
  plan(block: number, step: number, decoder: Decoder): void {
    const resident = this.#residents.get(block);
    if (resident === undefined) {
      this.#want(block, step, decoder);
      return;
    }
    this.#counts.hits++;
    resident.uses++;
    resident.lastStep = Math.max(resident.lastStep, step);
    this.#idle.delete(block);
  }

  #want(block: number, step: number, decoder: Decoder): Resident {
    const fresh: Resident = {
      block,
      decoder,
      state: "wanted",
      uses: 1,
      pins: 0,
      lastStep: step,
      attempts: 0,
      entry: undefined,
      slot: undefined,
      view: undefined,
      error: undefined,
      waiters: [],
    };
    this.#residents.set(block, fresh);
    this.#queue.push(fresh);
    return fresh;
  }

  /** Starts what is planned, as far as there is room. */
  start(): void {
    this.#pump();
  }

  /** Takes back a planned use that will not come. */
  unplan(block: number): void {
    const resident = this.#residents.get(block);
    if (resident !== undefined) this.#settleUse(resident);
  }

  /**
   * Pins the planned `blocks` of a step; resolves when all are in memory, or gives undefined where they are already. Call {@link release} in either case,
   * also after a rejection.
   */
  ready(blocks: Iterable<number>, step: number, decoder: Decoder): Promise<void> | undefined {
    if (this.#closed) return Promise.reject(this.#closedError());
    const missing: Resident[] = [];
    for (const block of blocks) {
      const resident = this.#residents.get(block) ?? this.#want(block, step, decoder);
      resident.pins++;
      if (resident.state !== "ready") missing.push(resident);
    }
    if (missing.length === 0) return undefined;
    return new Promise((resolve, reject) => {
      const waiter = { missing: missing.length, resolve, reject };
      for (const resident of missing) resident.waiters.push(waiter);
      for (const resident of missing) if (resident.state === "failed") this.#fail(resident, resident.error);
      this.#prioritise(missing);
      this.#pump();
    });
  }

  /** What a step waits for goes before what later steps need. */
  #prioritise(missing: readonly Resident[]): void {
    const urgent = new Set(missing.filter((resident) => resident.state === "wanted"));
    if (urgent.size === 0 || this.#queue.slice(0, urgent.size).every((resident) => urgent.has(resident))) return;
    this.#queue = [...urgent, ...this.#queue.filter((resident) => !urgent.has(resident))];
  }

  /** The rows and heaps of a pinned block, in shared memory; valid until it is released. */
  view(block: number): Uint8Array {
    const view = this.#residents.get(block)?.view;
    if (view === undefined) throw new HexzError("E_CLOSED", `block ${block} is not in memory`, { context: { block } });
    return view;
  }

  /** Ends a step's use of `blocks`. */
  release(blocks: Iterable<number>): void {
    for (const block of blocks) {
      const resident = this.#residents.get(block);
      if (resident === undefined || resident.pins === 0) continue; // failed, or wanted anew since
      resident.pins--;
      this.#settleUse(resident);
    }
    this.#pump();
  }

  #settleUse(resident: Resident): void {
    resident.uses--;
    if (resident.uses > 0 || resident.pins > 0) return;
    if (resident.state === "ready") this.#idle.set(resident.block, resident);
    else if (resident.state !== "decoding") this.#forget(resident);
  }

  #forget(resident: Resident): void {
    if (resident.slot !== undefined) this.#arena.free(resident.slot);
    resident.slot = undefined;
    resident.view = undefined;
    this.#residents.delete(resident.block);
    this.#idle.delete(resident.block);
  }

  /** Hands tasks to the decoders while there is something wanted, room for it, and a thread to take it. */
  #pump(): void {
    while (!this.#closed && !this.#locating && this.#queue.length > 0) {
      const decoder = (this.#queue[0] as Resident).decoder; // in bounds: the queue is not empty
      if (this.#tasks >= Math.max(1, decoder.threads) * TASKS_PER_THREAD) return;
      const batch = this.#nextBatch(decoder);
      if (batch.length === 0) return;
      void this.#run(batch, decoder);
    }
  }

  #nextBatch(decoder: Decoder): Resident[] {
    const size = Math.min(BLOCKS_PER_TASK, Math.ceil(this.#queue.length / Math.max(1, decoder.threads)));
    const batch: Resident[] = [];
    while (batch.length < size) {
      const next = this.#queue[0];
      if (next === undefined || next.decoder !== decoder) break;
      const isAlive = this.#residents.get(next.block) === next && next.state === "wanted";
      if (isAlive && !this.#place(next)) break;
      this.#queue.shift();
      if (isAlive) batch.push(next);
      if (next.attempts > 0) break; // a block that failed before goes alone, so that its error is its own
    }
    return batch;
  }

  /** Finds the entry of a block and room for it; false where either has to wait. */
  #place(resident: Resident): boolean {
    const entry = resident.entry ?? this.#snapshot.entry(resident.block);
    if (entry instanceof Promise) {
      this.#locate(resident, entry);
      return false;
    }
    resident.entry = entry;
    const slot = this.#allocate(entry.rawLength, resident);
    if (slot === undefined) return false;
    resident.slot = slot;
    resident.view = this.#arena.view(slot, entry.rawLength);
    resident.state = "decoding";
    return true;
  }

  #locate(resident: Resident, entry: Promise<BlockEntry>): void {
    this.#locating = true;
    entry
      .then(
        (found) => {
          resident.entry = found;
        },
        (error) => this.#fail(resident, error),
      )
      .finally(() => {
        this.#locating = false;
        this.#pump();
      });
  }

  /** Room for `bytes`: free, else evicted. Fails those who wait where nothing can make room any more. */
  #allocate(bytes: number, resident: Resident): Slot | undefined {
    for (;;) {
      const slot = this.#arena.allocate(bytes);
      if (slot !== undefined) return slot;
      const victim = this.#victim(resident);
      if (victim === undefined) break;
      this.#counts.evictions++;
      if (victim.uses > 0) this.#requeue(victim);
      else this.#forget(victim);
    }
    if (this.#tasks === 0 && resident.waiters.length > 0) this.#fail(resident, this.#tooSmall(bytes));
    return undefined;
  }

  #victim(resident: Resident): Resident | undefined {
    for (const idle of this.#idle.values()) return idle;
    if (resident.waiters.length === 0) return undefined;
    let farthest: Resident | undefined;
    for (const candidate of this.#residents.values()) {
      if (candidate.state !== "ready" || candidate.pins > 0) continue;
      if (farthest === undefined || candidate.lastStep > farthest.lastStep) farthest = candidate;
    }
    return farthest;
  }

  /** A planned block gives up its memory and is decoded again later. */
  #requeue(resident: Resident): void {
    if (resident.slot !== undefined) this.#arena.free(resident.slot);
    resident.slot = undefined;
    resident.view = undefined;
    resident.state = "wanted";
    this.#queue.push(resident);
  }

  #tooSmall(bytes: number): HexzError {
    const limit = formatBytes(this.#arena.limitBytes);
    return new HexzError(
      "E_LIMIT",
      `the blocks of one batch do not fit the memory of ${limit}; raise cache.memory or lower batchSize`,
      {
        context: { bytes, limitBytes: this.#arena.limitBytes },
      },
    );
  }

  async #run(batch: readonly Resident[], decoder: Decoder): Promise<void> {
    this.#tasks++;
    const staging: Slot[] = [];
    try {
      const jobs = await Promise.all(batch.map((resident) => this.#job(resident, staging)));
      const chunks = this.#arena.memories();
      await decoder.decode({ chunks, descriptor: this.#snapshot.source.descriptor, jobs });
      for (const resident of batch) this.#succeed(resident);
    } catch (error) {
      for (const resident of batch) this.#retryOrFail(resident, batch.length, error);
    } finally {
      for (const slot of staging) this.#arena.free(slot);
      this.#tasks--;
      this.#pump();
    }
  }

  /** A job with its stored bytes fetched where no worker can read them itself. */
  async #job(resident: Resident, staging: Slot[]): Promise<DecodeJob> {
    const { entry, slot } = resident as Resident & { entry: BlockEntry; slot: Slot }; // placed before it was batched
    const target = { chunk: slot.chunk, offset: slot.offset };
    const { source } = this.#snapshot;
    this.#counts.storedBytesRead += entry.storedLength;
    if (source.descriptor !== undefined) return { entry, target };
    const stored = this.#allocate(entry.storedLength, resident);
    if (stored === undefined) throw this.#tooSmall(entry.storedLength);
    staging.push(stored);
    await source.readInto(entry.offset, this.#arena.view(stored, entry.storedLength));
    return { entry, target, stored: { chunk: stored.chunk, offset: stored.offset } };
  }

  #succeed(resident: Resident): void {
    this.#counts.blocksDecoded++;
    resident.state = "ready";
    const { waiters } = resident;
    resident.waiters = [];
    for (const waiter of waiters) if (--waiter.missing === 0) waiter.resolve();
    if (resident.uses === 0 && resident.pins === 0) this.#idle.set(resident.block, resident);
  }

  /** After a failed task each of its blocks is tried alone; a dead worker's block a few times. */
  #retryOrFail(resident: Resident, tried: number, error: unknown): void {
    const again = tried > 1 || (isHexzError(error, "E_WORKER") && resident.attempts + 1 < MAX_ATTEMPTS);
    resident.attempts++;
    if (this.#closed || !again) this.#fail(resident, error);
    else this.#requeue(resident);
  }

  #fail(resident: Resident, error: unknown): void {
    if (resident.slot !== undefined) this.#arena.free(resident.slot);
    resident.slot = undefined;
    resident.view = undefined;
    resident.state = "failed";
    resident.error = error;
    const { waiters } = resident;
    resident.waiters = [];
    for (const waiter of waiters) waiter.reject(error);
    // Whoever waited has been told; a later use tries again.
    if (waiters.length > 0 || resident.uses === 0) this.#residents.delete(resident.block);
  }

  /** Refuses further work and tells all who wait. Slots are the arena's to drop. */
  close(): void {
    this.#closed = true;
    const error = this.#closedError();
    for (const resident of [...this.#residents.values()]) for (const waiter of resident.waiters) waiter.reject(error);
    this.#queue = [];
    this.#residents.clear();
    this.#idle.clear();
  }

  #closedError(): HexzError {
    const { name } = this.#snapshot;
    return new HexzError("E_CLOSED", `${name} has been closed; open it again`, { context: { source: name } });
  }
}
