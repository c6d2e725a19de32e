import type { RowLayout } from "../core/format/row-layout.js";
import type { SchemaSpec } from "../core/format/schema.js";
import type { Snapshot } from "../core/snapshot.js";
import { HexzError } from "../errors.js";
import { createSharedMemory } from "../kernels/index.js";
import type { UnitIndex } from "../util/unit-index.js";
import { createUnitIndex } from "../util/unit-index.js";
import { ARENA_PAGE_BYTES, Arena } from "./arena.js";
import { BlockStore } from "./block-store.js";
import type { Executor } from "./executor.js";
import { createExecutor } from "./executor.js";
import { ScratchRooms } from "./scratch-rooms.js";
import type { DatasetStats, ThreadStats } from "./stats.js";
import { packageScratchBytes } from "./workers/run-task.js";

/** Share of a budget that the arena may take; the rest is for `get`. */
const ARENA_SHARE = 15 / 16;
/** What 32-bit addresses reach, less what kernels keep for themselves. */
const MAX_ARENA_BYTES = 2 ** 32 - 2 ** 18;
/** Share of the blocks' memory that may be planned at once: the rest is slack for uneven blocks. */
const PLANNED_SHARE = 0.9;
/** Share of the arena that the batches of an epoch may take. */
const BATCH_SHARE = 1 / 8;
/** Buffers of an epoch: fewer do not keep the threads busy, more only take memory. */
const MIN_BATCHES = 3;
const MAX_BATCHES = 48;

/** What memory holds for the epochs of one loader. */
export interface Capacity {
  /** The budget as the caller gave it. */
  readonly memoryBytes: number;
  /** What decoded blocks may take of it. */
  readonly bytes: number;
  /** Memory a block takes on average. */
  readonly meanBlockBytes: number;
  /** Blocks of average size that may be planned at once. */
  readonly blocks: number;
  /** Whether all decoded blocks fit. */
  readonly fitsAll: boolean;
  /** Batches on their way at once. */
  readonly batches: number;
}

/** What the loaders of one dataset share: one arena within one budget, its block store, and threads by their number. */
export class LoaderHost implements AsyncDisposable {
  readonly snapshot: Snapshot;
  readonly schema: SchemaSpec;
  readonly rows: RowLayout;
  readonly index: UnitIndex;
  readonly #memoryBytes: number;
  readonly #arenaBytes: number;
  #made: { readonly arena: Arena; readonly store: BlockStore; readonly rooms: ScratchRooms } | undefined;
  readonly #executors = new Map<number, Executor>();

  constructor(snapshot: Snapshot, memoryBytes: number) {
    if (snapshot.schema === undefined || snapshot.rows === undefined) {
      throw new HexzError("E_KIND", `${snapshot.name} holds bytes, not records; read it with openSnapshot`, {
        context: { source: snapshot.name },
      });
    }
    this.snapshot = snapshot;
    this.schema = snapshot.schema;
    this.rows = snapshot.rows;
    this.index = createUnitIndex(snapshot.counts);
    this.#memoryBytes = memoryBytes;
    this.#arenaBytes = Math.min(Math.ceil(memoryBytes * ARENA_SHARE), MAX_ARENA_BYTES);
  }

  /** The arena and its blocks, made when first needed: a dataset that is only read record by record has none. */
  #parts() {
    if (this.#made === undefined) {
      const arena = new Arena(createSharedMemory(this.#arenaBytes), this.#arenaBytes);
      const store = new BlockStore(this.snapshot, arena);
      const scratchBytes = packageScratchBytes(this.snapshot.header.maxRawLength, this.rows);
      const rooms = new ScratchRooms(arena, scratchBytes, (bytes) => store.reserve(bytes, false));
      this.#made = { arena, store, rooms };
    }
    return this.#made;
  }

  get arena(): Arena {
    return this.#parts().arena;
  }

  get store(): BlockStore {
    return this.#parts().store;
  }

  /** Sizes the horizon and the shuffle window by the budget, for batches of `batchBytes` gathered by `threads`. */
  capacity(batchBytes: number, threads: number): Capacity {
    const { blocks, rawBytes, maxRawLength } = this.snapshot.header;
    const batchRoom = Math.ceil(batchBytes / ARENA_PAGE_BYTES) * ARENA_PAGE_BYTES;
    const wanted = Math.floor((this.#arenaBytes * BATCH_SHARE) / batchRoom);
    const batches = Math.min(MAX_BATCHES, Math.max(MIN_BATCHES, wanted));
    const taken = batches * batchRoom + (threads + 1) * packageScratchBytes(maxRawLength, this.rows);
    const bytes = Math.max(0, this.#arenaBytes - taken) * PLANNED_SHARE;
    const meanBlockBytes = rawBytes / Math.max(1, blocks) + ARENA_PAGE_BYTES / 2; // slots are whole pages
    const fitting = Math.max(1, Math.floor(bytes / meanBlockBytes));
    return {
      memoryBytes: this.#memoryBytes,
      bytes,
      meanBlockBytes,
      blocks: fitting,
      fitsAll: fitting >= blocks,
      batches,
    };
  }

  executor(threads: number): Executor {
    const found = this.#executors.get(threads) ?? this.#start(threads);
    this.#executors.set(threads, found);
    return found;
  }

  #start(threads: number): Executor {
    const { recipe, header } = this.snapshot;
    const { arena, rooms } = this.#parts();
    return createExecutor({ recipe, arena, maxRawBytes: header.maxRawLength, threads, rooms });
  }

  get stats(): DatasetStats {
    const { store, arena } = this;
    const threads = [...this.#executors.values()].map(({ stats }) => stats);
    const sum = (of: (stats: ThreadStats) => number) => threads.reduce((total, stats) => total + of(stats), 0);
    return {
      ...store.stats,
      decodeMs: sum(({ decodeMs }) => decodeMs),
      gatherMs: sum(({ gatherMs }) => gatherMs),
      usedBytes: arena.usedBytes,
      limitBytes: arena.limitBytes,
    };
  }

  async close(): Promise<void> {
    this.#made?.store.close();
    await Promise.all([...this.#executors.values()].map((executor) => executor.close()));
    this.#executors.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
