import type { BlockEntry } from "../core/format/block-page.js";
import type { Snapshot } from "../core/snapshot.js";
import type { Arena, Slot } from "./arena.js";
import { BlockQueue } from "./block-queue.js";
import type { Executor } from "./executor.js";
import type { Resident } from "./resident.js";
import type { DecodeJob } from "./workers/protocol.js";

/** Blocks a task decodes at most: about a millisecond of work, so that handing it over is cheap beside it. */
const BLOCKS_PER_TASK = 8;
/** Tasks under way per thread. */
const TASKS_PER_THREAD = 4;

/** What a fetcher asks of the store whose blocks it brings. */
export interface FetcherOwner {
  /** Whether somebody still wants the block decoded. */
  isWanted(resident: Resident): boolean;
  /** Room for `bytes` for the sake of a block; undefined while there is none. May fail the block instead. */
  allocate(bytes: number, resident: Resident): Slot | undefined;
  onReady(resident: Resident): void;
  onFailed(resident: Resident, error: unknown): void;
  /** The block goes back to wanted, without memory. */
  onRetry(resident: Resident): void;
}

/** Brings wanted blocks into memory: finds their entries and room, fetches stored bytes where no thread can read them itself, and hands out decode tasks. */
export class BlockFetcher {
  readonly #snapshot: Snapshot;
  readonly #arena: Arena;
  readonly #owner: FetcherOwner;
  readonly #queue = new BlockQueue();
  #tasks = 0;
  #locating = false;
  #closed = false;
  storedBytesRead = 0;

  constructor(snapshot: Snapshot, arena: Arena, owner: FetcherOwner) {
    this.#snapshot = snapshot;
    this.#arena = arena;
    this.#owner = owner;
  }

  /** Whether a task is under way, which will give memory or bring an error. */
  get isBusy(): boolean {
    return this.#tasks > 0;
  }

  /** Queues a block behind the others; {@link pump} begins. */
  want(resident: Resident): void {
    this.#queue.push(resident);
  }

  /** What a step waits for goes before what later steps need. */
  prioritise(residents: readonly Resident[]): void {
    this.#queue.prioritise(residents.filter(({ state }) => state === "wanted"));
  }

  /** Hands tasks out while there is something wanted, room for it, and a thread to take it. */
  pump(): void {
    while (!this.#closed && !this.#locating) {
      const executor = this.#queue.first?.executor;
      if (executor === undefined || this.#tasks >= Math.max(1, executor.threads) * TASKS_PER_THREAD) return;
      const batch = this.#nextBatch(executor);
      if (batch.length > 0) void this.#run(batch, executor);
      else if (this.#queue.first?.state === "wanted") return; // there is no room for it
    }
  }

  #nextBatch(executor: Executor): Resident[] {
    const size = Math.min(BLOCKS_PER_TASK, Math.ceil(this.#queue.length / Math.max(1, executor.threads)));
    const batch: Resident[] = [];
    while (batch.length < size) {
      const next = this.#queue.first;
      if (next === undefined || next.executor !== executor) break;
      const isWanted = this.#owner.isWanted(next);
      if (isWanted && next.attempts > 0 && batch.length > 0) break;
      if (isWanted && !this.#place(next)) break;
      this.#queue.shift();
      if (isWanted) batch.push(next);
      if (isWanted && next.attempts > 0) break; // a block that failed before goes alone, so that its error is its own
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
    const slot = this.#owner.allocate(entry.rawLength, resident);
    if (slot === undefined || !this.#stage(resident, entry, slot)) return false;
    resident.slot = slot;
    resident.state = "decoding";
    return true;
  }

  /** Room for the stored bytes goes with the block's own, or gives that back: blocks that held one and waited for the other could wait for each other for ever. */
  #stage(resident: Resident, { storedLength }: BlockEntry, slot: Slot): boolean {
    if (this.#isLocal) return true;
    resident.staging = this.#owner.allocate(storedLength, resident);
    if (resident.staging === undefined) this.#arena.free(slot);
    return resident.staging !== undefined;
  }

  /** Whether threads read stored bytes themselves. */
  get #isLocal(): boolean {
    return this.#snapshot.source.descriptor !== undefined;
  }

  #locate(resident: Resident, entry: Promise<BlockEntry>): void {
    this.#locating = true;
    entry
      .then(
        (found) => {
          resident.entry = found;
        },
        (error) => this.#owner.onFailed(resident, error),
      )
      .finally(() => {
        this.#locating = false;
        this.pump();
      });
  }

  async #run(batch: readonly Resident[], executor: Executor): Promise<void> {
    this.#tasks++;
    try {
      const jobs = await this.#jobs(batch);
      await executor.run({ kind: "decode", descriptor: this.#snapshot.source.descriptor, jobs });
      this.#unstage(batch);
      for (const resident of batch) this.#owner.onReady(resident);
    } catch (error) {
      this.#unstage(batch);
      for (const resident of batch.toReversed()) this.#retryOrFail(resident, batch.length, error);
    } finally {
      this.#tasks--;
      this.pump();
    }
  }

  /** Jobs with their stored bytes, where no thread can read them itself. All fetches have ended when it settles: they write to memory that is then given back. */
  async #jobs(batch: readonly Resident[]): Promise<DecodeJob[]> {
    const jobs = await Promise.allSettled(
      batch.map(async (resident) => {
        const { entry, slot, staging } = resident as Resident & { entry: BlockEntry; slot: Slot }; // placed before it was batched
        this.storedBytesRead += entry.storedLength;
        return staging === undefined ? { entry, target: slot.at } : this.#fetch(entry, slot.at, staging.at);
      }),
    );
    return jobs.map((job) => {
      if (job.status === "rejected") throw job.reason;
      return job.value;
    });
  }

  async #fetch(entry: BlockEntry, target: number, stored: number): Promise<DecodeJob> {
    await this.#snapshot.source.readInto(entry.offset, this.#arena.view(stored, entry.storedLength));
    return { entry, target, stored };
  }

  #unstage(batch: readonly Resident[]): void {
    for (const resident of batch) {
      if (resident.staging !== undefined) this.#arena.free(resident.staging);
      resident.staging = undefined;
    }
  }

  /** After a failed task each of its blocks is tried alone, before all others: a step may be waiting for it. */
  #retryOrFail(resident: Resident, tried: number, error: unknown): void {
    resident.attempts++;
    if (this.#closed || tried === 1) {
      this.#owner.onFailed(resident, error);
    } else {
      this.#owner.onRetry(resident);
      this.#queue.prioritise([resident]);
    }
  }

  close(): void {
    this.#closed = true;
    this.#queue.clear();
  }
}
