import { LRUCache } from "lru-cache";
import type { Snapshot } from "../core/snapshot.js";
import { HexzError } from "../errors.js";
import { SingleFlight } from "../util/single-flight.js";

/** Decoded blocks of a snapshot of records: kept within a byte budget, each read once however many wait for it. */
export class BlockCache {
  readonly #snapshot: Snapshot;
  readonly #cache: LRUCache<number, Uint8Array> | undefined;
  readonly #flights = new SingleFlight<number, Uint8Array>();
  #closed = false;

  constructor(snapshot: Snapshot, cacheBytes: number) {
    this.#snapshot = snapshot;
    const maxSize = Math.floor(cacheBytes);
    this.#cache =
      maxSize > 0 ? new LRUCache({ maxSize, sizeCalculation: (raw) => Math.max(1, raw.length) }) : undefined;
  }

  /** The raw bytes of `block` where they are in memory. Shared: never written to. */
  cached(block: number): Uint8Array | undefined {
    this.assertOpen();
    return this.#cache?.get(block);
  }

  /** The raw bytes of `block` where they are in memory or can be read at once; for one block on its own, as reads at once cannot overlap. Shared: never written to. */
  readSync(block: number): Uint8Array | undefined {
    const cached = this.cached(block);
    if (cached !== undefined) return cached;
    const raw = this.#snapshot.readBlockSync(block);
    if (raw !== undefined) this.#cache?.set(block, raw);
    return raw;
  }

  /** The raw bytes of `block`, read where they are not in memory. Shared: never written to. */
  async read(block: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    return this.cached(block) ?? this.#flights.run(block, (shared) => this.#load(block, shared), signal);
  }

  async #load(block: number, signal: AbortSignal): Promise<Uint8Array> {
    // The engine refuses a block whose records or bytes are not as many as the counts and the schema say.
    const raw = await this.#snapshot.readBlock(block, { signal });
    if (!this.#closed) this.#cache?.set(block, raw);
    return raw;
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
