import { HexzError } from "../errors.js";

/** Smallest piece the arena gives out; keeps slots aligned and the free lists short. */
export const ARENA_PAGE_BYTES = 16 * 1024;
/** One allocation of shared memory; the largest block (64 MiB) fits four times. */
const CHUNK_BYTES = 256 * 2 ** 20;

/** A run of shared memory. Valid until it is given back. */
export interface Slot {
  /** Which chunk it lies in. */
  readonly chunk: number;
  /** Byte offset within the chunk, a multiple of {@link ARENA_PAGE_BYTES}. */
  readonly offset: number;
  /** Bytes taken: whole pages. */
  readonly bytes: number;
}

interface Run {
  offset: number;
  bytes: number;
}

/**
 * A fixed budget of shared memory, handed out in runs of pages, first fit. Chunks are made when first needed, and the system backs a page when it is
 * first written, so an idle budget costs nothing. Slots are reused rather than collected: freed shared memory stays resident until a garbage
 * collection.
 */
export class Arena {
  readonly #limitBytes: number;
  readonly #chunks: { readonly memory: SharedArrayBuffer; readonly free: Run[] }[] = [];
  #reservedBytes = 0;
  #usedBytes = 0;

  /** @param limitBytes The budget; rounded down to whole pages, at least one. */
  constructor(limitBytes: number) {
    this.#limitBytes = Math.max(1, Math.floor(limitBytes / ARENA_PAGE_BYTES)) * ARENA_PAGE_BYTES;
  }

  get limitBytes(): number {
    return this.#limitBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** The shared memory of a chunk, for views and for workers. */
  memory(chunk: number): SharedArrayBuffer {
    const found = this.#chunks[chunk];
    if (found === undefined) throw new RangeError(`chunk must be below ${this.#chunks.length}, got ${chunk}`);
    return found.memory;
  }

  /** All chunks made so far, by number: what a task's places refer to. */
  memories(): SharedArrayBuffer[] {
    return this.#chunks.map((chunk) => chunk.memory);
  }

  /** A view of the first `length` bytes of `slot`. */
  view(slot: Slot, length: number): Uint8Array {
    return new Uint8Array(this.memory(slot.chunk), slot.offset, length);
  }

  /** A slot of at least `length` bytes, or undefined where no run is free. */
  allocate(length: number): Slot | undefined {
    const bytes = Math.max(1, Math.ceil(length / ARENA_PAGE_BYTES)) * ARENA_PAGE_BYTES;
    for (const [chunk, { free }] of this.#chunks.entries()) {
      const run = free.find((candidate) => candidate.bytes >= bytes);
      if (run !== undefined) return this.#take(chunk, free, run, bytes);
    }
    return this.#grow(bytes) ? this.allocate(length) : undefined;
  }

  #take(chunk: number, free: Run[], run: Run, bytes: number): Slot {
    const slot = { chunk, offset: run.offset, bytes };
    run.offset += bytes;
    run.bytes -= bytes;
    if (run.bytes === 0) free.splice(free.indexOf(run), 1);
    this.#usedBytes += bytes;
    return slot;
  }

  #grow(bytes: number): boolean {
    const size = Math.min(CHUNK_BYTES, this.#limitBytes - this.#reservedBytes);
    if (size < bytes) return false;
    this.#chunks.push({ memory: new SharedArrayBuffer(size), free: [{ offset: 0, bytes: size }] });
    this.#reservedBytes += size;
    return true;
  }

  /** Gives a slot back; its neighbours are joined, so space does not crumble. */
  free(slot: Slot): void {
    const free = this.#chunks[slot.chunk]?.free;
    if (free === undefined) throw new HexzError("E_CLOSED", "a slot was given back to an arena that does not own it");
    let at = free.findIndex((run) => run.offset > slot.offset);
    if (at < 0) at = free.length;
    const before = free[at - 1];
    const after = free[at];
    const joinsBefore = before !== undefined && before.offset + before.bytes === slot.offset;
    const joinsAfter = after !== undefined && slot.offset + slot.bytes === after.offset;
    if (joinsBefore && joinsAfter) {
      before.bytes += slot.bytes + after.bytes;
      free.splice(at, 1);
    } else if (joinsBefore) {
      before.bytes += slot.bytes;
    } else if (joinsAfter) {
      after.offset = slot.offset;
      after.bytes += slot.bytes;
    } else {
      free.splice(at, 0, { offset: slot.offset, bytes: slot.bytes });
    }
    this.#usedBytes -= slot.bytes;
  }
}
