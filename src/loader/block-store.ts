import type { BlockEntry } from "../core/format/block-page.js";
import type { Snapshot } from "../core/snapshot.js";
import { HexzError, isHexzError } from "../errors.js";
import { formatBytes } from "../util/byte-size.js";
import type { Arena, Slot } from "./arena.js";
import type { Resident } from "./block-memory.js";
import { BlockMemory, createResident } from "./block-memory.js";
import type { Executor } from "./executor.js";
import type { DecodeJob } from "./workers/protocol.js";

/** Blocks a task decodes at most: about a millisecond of work, so that handing it over is cheap beside it. */
const BLOCKS_PER_TASK = 8;
/** Tasks under way per thread. */
const TASKS_PER_THREAD = 4;

/** What a step holds of a store that has every block: nothing has to be counted, as long as nothing is evicted meanwhile. */
const ALL_BLOCKS: readonly Resident[] = [];

/** Plain numbers about what the store did since it was made. */
export interface BlockStoreStats {
  readonly blocksDecoded: number;
  readonly storedBytesRead: number;
  readonly decodedBytes: number;
  /** First uses of a block by an epoch: in memory already, or not. */
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
  /** Decoded bytes kept from epoch to epoch. */
  readonly keptBytes: number;
}

/**
 * Decoded blocks in the arena, by the plan: decodes in the order of first use, as far ahead as memory allows, and evicts first what no plan mentions,
 * longest unused first, then what is needed farthest in the future. Everything in it is counted in the arena's budget.
 *
 * A use goes `plan` → `ready` (pins) → {@link addresses} → `release`, or ends by `unplan` before it is ready.
 */
export class BlockStore {
  readonly #snapshot: Snapshot;
  readonly #arena: Arena;
  readonly #memory: BlockMemory;
  /** Per block: where its rows begin in the arena; valid while the block is pinned. */
  readonly addresses: Uint32Array;
  readonly #residents = new Map<number, Resident>();
  /** Wanted blocks, from `#head` on; some may have been forgotten since. */
  #queue: Resident[] = [];
  #head = 0;
  #planned = 0;
  #readyBlocks = 0;
  #tasks = 0;
  /** Steps that use their blocks right now. */
  #steps = 0;
  /** Settles when no step waits for blocks. */
  #lastArrival: Promise<void> = Promise.resolve();
  #locating = false;
  #closed = false;
  readonly #counts = { blocksDecoded: 0, storedBytesRead: 0, decodedBytes: 0, hits: 0, misses: 0 };

  constructor(snapshot: Snapshot, arena: Arena) {
    this.#snapshot = snapshot;
    this.#arena = arena;
    this.addresses = new Uint32Array(snapshot.header.blocks);
    this.#memory = new BlockMemory(arena, (resident) => this.#evicted(resident));
  }

  get stats(): BlockStoreStats {
    return { ...this.#counts, evictions: this.#memory.evictions, keptBytes: this.#memory.keptBytes };
  }

  /** Different blocks with a use to come that take memory beside the kept set. */
  get plannedBlocks(): number {
    return this.#planned;
  }

  /** Sets what blocks kept from epoch to epoch may take of the arena. */
  keepAtMost(bytes: number): void {
    this.#memory.keepLimitBytes = bytes;
  }

  /** Room in the arena that idle blocks give up, or where it `isNeeded` any block that no step uses right now; undefined where there is none. */
  reserve(bytes: number, isNeeded: boolean): Slot | undefined {
    return isNeeded ? this.#memory.reserveNow(bytes, this.#residents) : this.#memory.reserve(bytes);
  }

  /** Announces one use of each of `blocks` in `step`; {@link start} begins to decode them. */
  plan(blocks: readonly number[], step: number, executor: Executor): readonly Resident[] {
    if (this.#readyBlocks === this.#snapshot.header.blocks) return this.#planAll(blocks);
    return blocks.map((block) => {
      const resident = this.#residents.get(block) ?? this.#want(block, executor);
      if (resident.uses === 0) this.#recall(resident);
      resident.uses++;
      resident.lastStep = Math.max(resident.lastStep, step);
      return resident;
    });
  }

  #planAll(blocks: readonly number[]): readonly Resident[] {
    this.#counts.hits += blocks.length;
    this.#memory.holds++;
    return ALL_BLOCKS;
  }

  #recall(resident: Resident): void {
    if (resident.slot === undefined) this.#counts.misses++;
    else this.#counts.hits++;
    if (!resident.kept) this.#planned++;
    this.#memory.recall(resident);
  }

  #want(block: number, executor: Executor): Resident {
    const fresh = createResident(block, executor);
    this.#residents.set(block, fresh);
    this.#queue.push(fresh);
    return fresh;
  }

  /** Starts what is planned, as far as there is room. */
  start(): void {
    this.#pump();
  }

  /** Takes back planned uses that will not come. */
  unplan(residents: readonly Resident[]): void {
    if (residents === ALL_BLOCKS) this.#memory.holds--;
    for (const resident of residents) this.#settleUse(resident);
  }

  /**
   * Pins the blocks of a step; resolves when all are in memory, or gives undefined where they are already. Then {@link release} ends the use; after a rejection nothing is
   * pinned and {@link unplan} ends it.
   *
   * Steps that have to wait get their blocks one step after another: two that each held half of what they need could wait for each other for ever.
   */
  ready(residents: readonly Resident[]): Promise<void> | undefined {
    if (this.#closed) return Promise.reject(this.#closedError());
    if (residents.some(({ state }) => state !== "ready")) return this.#inTurn(residents);
    this.#pin(residents);
    this.#steps++;
    return undefined;
  }

  #inTurn(residents: readonly Resident[]): Promise<void> {
    const arrived = this.#lastArrival.then(() => this.#arrival(residents));
    this.#lastArrival = arrived.catch(() => {});
    return arrived;
  }

  async #arrival(residents: readonly Resident[]): Promise<void> {
    if (this.#closed) throw this.#closedError();
    this.#pin(residents);
    try {
      const missing = residents.filter(({ state }) => state !== "ready");
      if (missing.length > 0) await this.#fetchNow(missing);
      this.#steps++;
    } catch (error) {
      this.#unpin(residents);
      throw error;
    }
  }

  #pin(residents: readonly Resident[]): void {
    for (const resident of residents) resident.pins++;
  }

  #unpin(residents: readonly Resident[]): void {
    for (const resident of residents) resident.pins--;
  }

  #fetchNow(missing: readonly Resident[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter = { missing: missing.length, resolve, reject };
      for (const resident of missing) {
        resident.waiters.push(waiter);
        if (resident.state === "failed") this.#retry(resident);
      }
      this.#prioritise(missing);
      this.#pump();
    });
  }

  /** A block that failed is tried anew for whoever needs it later. */
  #retry(resident: Resident): void {
    resident.attempts = 0;
    resident.state = "wanted";
    this.#residents.set(resident.block, resident);
    this.#queue.push(resident);
  }

  /** What a step waits for goes before what later steps need. */
  #prioritise(missing: readonly Resident[]): void {
    const urgent = missing.filter((resident) => resident.state === "wanted");
    const isFirst = urgent.every((_, i) => urgent.includes(this.#queue[this.#head + i] as Resident));
    if (isFirst) return;
    const first = new Set(urgent);
    this.#queue = [...urgent, ...this.#queue.slice(this.#head).filter((resident) => !first.has(resident))];
    this.#head = 0;
  }

  /** Ends a step's use of its blocks. */
  release(residents: readonly Resident[]): void {
    this.#steps--;
    if (residents === ALL_BLOCKS) this.#memory.holds--;
    this.#unpin(residents);
    for (const resident of residents) this.#settleUse(resident);
    this.#pump();
  }

  #settleUse(resident: Resident): void {
    resident.uses--;
    if (resident.uses > 0 || this.#closed) return;
    if (!resident.kept) this.#planned--;
    if (resident.state === "ready") this.#memory.retire(resident);
    else if (resident.state !== "decoding") this.#forget(resident);
  }

  #forget(resident: Resident): void {
    if (resident.state === "ready") this.#readyBlocks--;
    this.#memory.release(resident);
    if (this.#residents.get(resident.block) === resident) this.#residents.delete(resident.block);
  }

  /** A planned block that lost its memory is decoded again later. */
  #evicted(resident: Resident): void {
    this.#readyBlocks--; // only those are evicted
    if (resident.uses === 0) {
      this.#residents.delete(resident.block);
    } else {
      resident.state = "wanted";
      this.#queue.push(resident);
    }
  }

  /** Hands tasks out while there is something wanted, room for it, and a thread to take it. */
  #pump(): void {
    while (!this.#closed && !this.#locating && this.#head < this.#queue.length) {
      const { executor } = this.#queue[this.#head] as Resident; // in bounds by the loop
      if (this.#tasks >= Math.max(1, executor.threads) * TASKS_PER_THREAD) return;
      const batch = this.#nextBatch(executor);
      if (batch.length === 0) return;
      void this.#run(batch, executor);
    }
    if (this.#head === this.#queue.length) this.#compact();
  }

  #compact(): void {
    this.#queue = this.#queue.slice(this.#head);
    this.#head = 0;
  }

  #nextBatch(executor: Executor): Resident[] {
    const waiting = this.#queue.length - this.#head;
    const size = Math.min(BLOCKS_PER_TASK, Math.ceil(waiting / Math.max(1, executor.threads)));
    const batch: Resident[] = [];
    while (batch.length < size) {
      const next = this.#queue[this.#head];
      if (next === undefined || next.executor !== executor) break;
      const isAlive = this.#residents.get(next.block) === next && next.state === "wanted";
      if (isAlive && !this.#place(next)) break;
      this.#head++;
      if (isAlive) batch.push(next);
      if (next.attempts > 0) break; // a block that failed before goes alone, so that its error is its own
    }
    if (this.#head > 1024) this.#compact();
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
    const isUrgent = resident.waiters.length > 0;
    const slot = this.reserve(bytes, isUrgent);
    if (slot === undefined && isUrgent && !this.#canWait()) this.#fail(resident, this.#tooSmall(bytes));
    return slot;
  }

  /** Whether memory will be given back without anything new being decoded. */
  #canWait(): boolean {
    return this.#tasks > 0 || this.#steps > 0;
  }

  #tooSmall(bytes: number): HexzError {
    const { limitBytes } = this.#arena;
    const message = `the blocks of one batch do not fit the memory of ${formatBytes(limitBytes)}; raise cache.memory or lower batchSize`;
    return new HexzError("E_LIMIT", message, { context: { bytes, limitBytes } });
  }

  async #run(batch: readonly Resident[], executor: Executor): Promise<void> {
    this.#tasks++;
    const staging: Slot[] = [];
    try {
      const jobs = await this.#jobs(batch, staging);
      await executor.run({ kind: "decode", descriptor: this.#snapshot.source.descriptor, jobs });
      for (const resident of batch) this.#succeed(resident);
    } catch (error) {
      for (const resident of batch) this.#retryOrFail(resident, batch.length, error);
    } finally {
      for (const slot of staging) this.#arena.free(slot);
      this.#tasks--;
      this.#pump();
    }
  }

  /** Jobs with their stored bytes fetched where no thread can read them itself. */
  async #jobs(batch: readonly Resident[], staging: Slot[]): Promise<DecodeJob[]> {
    const { source } = this.#snapshot;
    const isLocal = source.descriptor !== undefined;
    return Promise.all(
      batch.map((resident) => {
        const { entry, slot } = resident as Resident & { entry: BlockEntry; slot: Slot }; // placed before it was batched
        this.#counts.storedBytesRead += entry.storedLength;
        return isLocal ? { entry, target: slot.at } : this.#fetch(resident, entry, slot.at, staging);
      }),
    );
  }

  async #fetch(resident: Resident, entry: BlockEntry, target: number, staging: Slot[]): Promise<DecodeJob> {
    const stored = this.#allocate(entry.storedLength, resident);
    if (stored === undefined) throw this.#tooSmall(entry.storedLength);
    staging.push(stored);
    await this.#snapshot.source.readInto(entry.offset, this.#arena.view(stored.at, entry.storedLength));
    return { entry, target, stored: stored.at };
  }

  #succeed(resident: Resident): void {
    this.#counts.blocksDecoded++;
    this.#counts.decodedBytes += resident.entry?.rawLength ?? 0;
    resident.state = "ready";
    this.#readyBlocks++;
    this.addresses[resident.block] = resident.slot?.at ?? 0;
    for (const waiter of takeWaiters(resident)) if (--waiter.missing === 0) waiter.resolve();
    if (resident.uses === 0) this.#memory.retire(resident);
  }

  /** After a failed task each of its blocks is tried alone. */
  #retryOrFail(resident: Resident, tried: number, error: unknown): void {
    resident.attempts++;
    if (this.#closed || tried === 1) {
      this.#fail(resident, error);
    } else {
      this.#memory.release(resident);
      resident.state = "wanted";
      this.#queue.push(resident);
    }
  }

  /** Whoever waits is told; a later use tries again. */
  #fail(resident: Resident, error: unknown): void {
    resident.state = "failed";
    this.#forget(resident);
    for (const waiter of takeWaiters(resident)) waiter.reject(error);
  }

  /** Refuses further work and tells all who wait. The arena goes as a whole. */
  close(): void {
    this.#closed = true;
    const error = this.#closedError();
    for (const resident of [...this.#residents.values()])
      for (const waiter of takeWaiters(resident)) waiter.reject(error);
    this.#queue = [];
    this.#head = 0;
    this.#residents.clear();
    this.#memory.clear();
  }

  #closedError(): HexzError {
    const { name } = this.#snapshot;
    return new HexzError("E_CLOSED", `${name} has been closed; open it again`, { context: { source: name } });
  }
}

function takeWaiters(resident: Resident): Resident["waiters"] {
  const { waiters } = resident;
  resident.waiters = [];
  return waiters;
}
