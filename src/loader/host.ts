import type { RowLayout } from "../core/format/row-layout.js";
import type { SchemaSpec } from "../core/format/schema.js";
import type { Snapshot } from "../core/snapshot.js";
import { HexzError } from "../errors.js";
import type { UnitIndex } from "../util/unit-index.js";
import { createUnitIndex } from "../util/unit-index.js";
import { ARENA_PAGE_BYTES, Arena } from "./arena.js";
import { BlockStore } from "./block-store.js";
import type { Decoder } from "./decoder.js";
import { createDecoder } from "./decoder.js";

/** Share of a budget that decoded blocks may take; the rest is for batches on their way and for `get`. */
const BLOCK_SHARE = 13 / 16;
/** Share of the arena that may be planned at once: the rest is slack for uneven blocks. */
const PLANNED_SHARE = 0.9;

/** What memory holds. */
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
}

/** What the loaders of one dataset share: one arena within one budget, its block store, and decode threads by their number. */
export class LoaderHost implements AsyncDisposable {
  readonly snapshot: Snapshot;
  readonly schema: SchemaSpec;
  readonly rows: RowLayout;
  readonly index: UnitIndex;
  readonly store: BlockStore;
  readonly #arena: Arena;
  readonly #memoryBytes: number;
  readonly #decoders = new Map<number, Decoder>();

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
    this.#arena = new Arena(memoryBytes * BLOCK_SHARE);
    this.store = new BlockStore(snapshot, this.#arena);
  }

  /** Sizes the horizon and the shuffle window by the budget. */
  readonly capacity = (): Capacity => {
    const { blocks, rawBytes } = this.snapshot.header;
    const bytes = this.#arena.limitBytes * PLANNED_SHARE;
    const meanBlockBytes = rawBytes / blocks + ARENA_PAGE_BYTES / 2; // slots are whole pages
    const fitting = Math.max(1, Math.floor(bytes / meanBlockBytes));
    return { memoryBytes: this.#memoryBytes, bytes, meanBlockBytes, blocks: fitting, fitsAll: fitting >= blocks };
  };

  decoder(threads: number): Decoder {
    const found = this.#decoders.get(threads) ?? createDecoder(this.snapshot, threads);
    this.#decoders.set(threads, found);
    return found;
  }

  async close(): Promise<void> {
    this.store.close();
    await Promise.all([...this.#decoders.values()].map((decoder) => decoder.close()));
    this.#decoders.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
