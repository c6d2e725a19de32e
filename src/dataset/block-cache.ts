import { LRUCache } from "lru-cache";
import type { RowLayout } from "../core/format/row-layout.js";
import { rowsBytes } from "../core/format/row-layout.js";
import type { Snapshot } from "../core/snapshot.js";
import { HexzError } from "../errors.js";
import { SingleFlight } from "../util/single-flight.js";
import type { UnitIndex } from "../util/unit-index.js";

/** Decoded blocks of a snapshot of records: kept within a byte budget, each read once however many wait for it. */
export class BlockCache {
  readonly #snapshot: Snapshot;
  readonly #layout: RowLayout;
  readonly #index: UnitIndex;
  readonly #cache: LRUCache<number, Uint8Array> | undefined;
  readonly #flights = new SingleFlight<number, Uint8Array>();
  #closed = false;

  constructor(snapshot: Snapshot, layout: RowLayout, index: UnitIndex, cacheBytes: number) {
    this.#snapshot = snapshot;
    this.#layout = layout;
    this.#index = index;
    const maxSize = Math.floor(cacheBytes);
    this.#cache =
      maxSize > 0 ? new LRUCache({ maxSize, sizeCalculation: (raw) => Math.max(1, raw.length) }) : undefined;
  }

  /** The raw bytes of `block` where they are in memory. Shared: never written to. */
  cached(block: number): Uint8Array | undefined {
    this.assertOpen();
    return this.#cache?.get(block);
  }

  /** The raw bytes of `block`, read where they are not in memory. Shared: never written to. */
  async read(block: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    return this.cached(block) ?? this.#flights.run(block, (shared) => this.#load(block, shared), signal);
  }

  async #load(block: number, signal: AbortSignal): Promise<Uint8Array> {
    const entry = await this.#snapshot.entry(block, { signal });
    const count = this.#index.countOf(block);
    if (entry.count !== count) throw this.#contradiction(block, `has ${entry.count} records, the counts say ${count}`);
    const raw = await this.#snapshot.readBlock(block, { signal });
    const needed = rowsBytes(this.#layout, count);
    if (this.#layout.hasHeaps ? raw.length < needed : raw.length !== needed) {
      throw this.#contradiction(block, `has ${raw.length} bytes, its ${count} rows take ${needed}`);
    }
    if (!this.#closed) this.#cache?.set(block, raw);
    return raw;
  }

  #contradiction(block: number, what: string): HexzError {
    const { name } = this.#snapshot;
    return new HexzError("E_CORRUPT", `block ${block} of ${name} ${what}; restore the file from a good copy`, {
      context: { source: name, block },
    });
  }

  assertOpen(): void {
    if (this.#closed) throw this.#closedError();
  }

  /** Frees the blocks; reads under way reject with `E_CLOSED`. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cache?.clear();
    this.#flights.abortAll(this.#closedError());
  }

  #closedError(): HexzError {
    const { name } = this.#snapshot;
    return new HexzError("E_CLOSED", `the records of ${name} have been closed`, { context: { source: name } });
  }
}
