import type { Snapshot } from "../core/snapshot.js";
import { HexzError } from "../errors.js";
import { formatBytes } from "../util/byte-size.js";
import type { Arena, Slot } from "./arena.js";
import { BlockFetcher } from "./block-fetcher.js";
import { BlockMemory } from "./block-memory.js";
import type { Executor } from "./executor.js";
import type { Resident } from "./resident.js";
import { createResident, takeWaiters } from "./resident.js";

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
  readonly #fetcher: BlockFetcher;
  #planned = 0;
  #readyBlocks = 0;
  /** Steps that use their blocks right now. */
  #steps = 0;
  /** Settles when no step waits for blocks. */
  #lastArrival: Promise<void> = Promise.resolve();
  #closed = false;
  readonly #counts = { blocksDecoded: 0, decodedBytes: 0, hits: 0, misses: 0 };

  constructor(snapshot: Snapshot, arena: Arena) {
    this.#snapshot = snapshot;
    this.#arena = arena;
    this.addresses = new Uint32Array(snapshot.header.blocks);
    this.#memory = new BlockMemory(arena, (resident) => this.#evicted(resident));
    this.#fetcher = new BlockFetcher(snapshot, arena, {
      isWanted: (resident) => resident.state === "wanted" && this.#residents.get(resident.block) === resident,
      allocate: (bytes, resident) => this.#allocate(bytes, resident),
      onReady: (resident) => this.#succeed(resident),
      onFailed: (resident, error) => this.#fail(resident, error),
      onRetry: (resident) => this.#unplace(resident),
    });
  }

  get stats(): BlockStoreStats {
    const { evictions, keptBytes } = this.#memory;
    return { ...this.#counts, storedBytesRead: this.#fetcher.storedBytesRead, evictions, keptBytes };
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

  /**
   * Announces one use of each of `blocks` in `step`; {@link start} begins to decode them.
   *
   * @param mayHold Whether, where every block is there, nothing may be evicted until the use ends: then nothing has to be counted, but nobody who needs room gets it from blocks.
   */
  plan(blocks: readonly number[], step: number, executor: Executor, mayHold = true): readonly Resident[] {
    if (mayHold && this.#readyBlocks === this.#snapshot.header.blocks) return this.#planAll(blocks);
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
    resident.isCounted = !resident.kept;
    if (resident.isCounted) this.#planned++;
    this.#memory.recall(resident);
  }

  #want(block: number, executor: Executor): Resident {
    const fresh = createResident(block, executor);
    this.#residents.set(block, fresh);
    this.#fetcher.want(fresh);
    return fresh;
  }

  /** Starts what is planned, as far as there is room. */
  start(): void {
    this.#fetcher.pump();
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
    if (this.#closed) return Promise.reject(this.closedError());
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
    if (this.#closed) throw this.closedError();
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
      this.#fetcher.prioritise(missing);
      this.#fetcher.pump();
    });
  }

  /** A block that failed is tried anew for whoever needs it later. */
  #retry(resident: Resident): void {
    resident.attempts = 0;
    resident.state = "wanted";
    this.#fetcher.want(resident);
  }

  /** Ends a step's use of its blocks. */
  release(residents: readonly Resident[]): void {
    this.#steps--;
    if (residents === ALL_BLOCKS) this.#memory.holds--;
    this.#unpin(residents);
    for (const resident of residents) this.#settleUse(resident);
    this.#fetcher.pump();
  }

  #settleUse(resident: Resident): void {
    resident.uses--;
    if (resident.uses > 0 || this.#closed) return;
    if (resident.isCounted) this.#planned--;
    resident.isCounted = false;
    if (resident.state === "ready") this.#memory.retire(resident);
    else if (resident.state !== "decoding") this.#forget(resident);
  }

  #forget(resident: Resident): void {
    if (resident.state === "ready") this.#readyBlocks--;
    this.#memory.release(resident);
    this.#residents.delete(resident.block);
  }

  /** A planned block that lost its memory is decoded again later. */
  #evicted(resident: Resident): void {
    this.#readyBlocks--; // only those are evicted
    if (resident.uses === 0) {
      this.#residents.delete(resident.block);
    } else {
      resident.state = "wanted";
      this.#fetcher.want(resident);
    }
  }

  #unplace(resident: Resident): void {
    this.#memory.release(resident);
    resident.state = "wanted";
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
    return this.#fetcher.isBusy || this.#steps > 0;
  }

  #tooSmall(bytes: number): HexzError {
    const { limitBytes } = this.#arena;
    const message = `the blocks of one batch do not fit the memory of ${formatBytes(limitBytes)}; raise cache.memory or lower batchSize`;
    return new HexzError("E_LIMIT", message, { context: { bytes, limitBytes } });
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

  /** Whoever waits is told. The block stays known as long as somebody plans to use it, and is then tried again. */
  #fail(resident: Resident, error: unknown): void {
    this.#memory.release(resident);
    resident.state = "failed";
    if (resident.uses === 0) this.#residents.delete(resident.block);
    for (const waiter of takeWaiters(resident)) waiter.reject(error);
  }

  /** Refuses further work and tells all who wait. The arena goes as a whole. */
  close(): void {
    this.#closed = true;
    const error = this.closedError();
    for (const resident of [...this.#residents.values()])
      for (const waiter of takeWaiters(resident)) waiter.reject(error);
    this.#fetcher.close();
    this.#residents.clear();
    this.#memory.clear();
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  closedError(): HexzError {
    const { name } = this.#snapshot;
    return new HexzError("E_CLOSED", `${name} has been closed; open it again`, { context: { source: name } });
  }
}
