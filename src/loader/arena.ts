import { HexzError } from "../errors.js";
import type { KernelMemory } from "../kernels/index.js";
import { RESERVED_BYTES } from "../kernels/index.js";

/** Smallest piece the arena gives out; keeps slots aligned and the free list short. */
export const ARENA_PAGE_BYTES = 16 * 1024;
/** Memory is taken from the system in steps of this. */
const GROWTH_BYTES = 16 * 2 ** 20;

/** A run of the arena. Valid until it is given back. */
export interface Slot {
  /** Address in the arena's memory, a multiple of {@link ARENA_PAGE_BYTES}. */
  readonly at: number;
  /** Bytes taken: whole pages. */
  readonly bytes: number;
}

interface Run {
  at: number;
  bytes: number;
}

/**
 * A fixed budget of one shared memory, handed out in runs of pages, first fit. Memory grows when first needed, and the system backs a page when it is first
 * written, so an idle budget costs nothing. Slots are reused rather than collected: freed shared memory stays resident until a garbage collection.
 */
export class Arena {
  readonly memory: KernelMemory;
  readonly limitBytes: number;
  readonly #free: Run[] = [];
  #end = RESERVED_BYTES;
  #usedBytes = 0;

  /** @param memory Nobody else's; may grow by `limitBytes` at least. Whole pages of that are used. */
  constructor(memory: KernelMemory, limitBytes: number) {
    this.memory = memory;
    this.limitBytes = Math.max(1, Math.floor(limitBytes / ARENA_PAGE_BYTES)) * ARENA_PAGE_BYTES;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** A view of `length` bytes at an address. */
  view(at: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, at, length);
  }

  /** A slot of at least `length` bytes, or undefined where no run is free. */
  allocate(length: number): Slot | undefined {
    const bytes = Math.max(1, Math.ceil(length / ARENA_PAGE_BYTES)) * ARENA_PAGE_BYTES;
    const run = this.#free.find((candidate) => candidate.bytes >= bytes) ?? this.#grow(bytes);
    if (run === undefined) return undefined;
    const slot = { at: run.at, bytes };
    run.at += bytes;
    run.bytes -= bytes;
    if (run.bytes === 0) this.#free.splice(this.#free.indexOf(run), 1);
    this.#usedBytes += bytes;
    return slot;
  }

  /** Makes the last run long enough for `bytes`, by a whole step where the limit allows it. */
  #grow(bytes: number): Run | undefined {
    const last = this.#free.at(-1);
    const spare = last !== undefined && last.at + last.bytes === this.#end ? last.bytes : 0;
    const left = RESERVED_BYTES + this.limitBytes - this.#end;
    if (bytes - spare > left) return undefined;
    const more = Math.min(left, Math.ceil((bytes - spare) / GROWTH_BYTES) * GROWTH_BYTES);
    this.memory.grow(this.#end + more);
    this.#give(this.#end, more);
    this.#end += more;
    return this.#free.at(-1);
  }

  /** Gives a slot back; its neighbours are joined, so space does not crumble. */
  free({ at, bytes }: Slot): void {
    if (at + bytes > this.#end)
      throw new HexzError("E_CLOSED", "a slot was given back to an arena that does not own it");
    this.#give(at, bytes);
    this.#usedBytes -= bytes;
  }

  #give(at: number, bytes: number): void {
    const free = this.#free;
    let next = free.findIndex((run) => run.at > at);
    if (next < 0) next = free.length;
    const before = free[next - 1];
    const after = free[next];
    const joinsBefore = before !== undefined && before.at + before.bytes === at;
    const joinsAfter = after !== undefined && at + bytes === after.at;
    if (joinsBefore && joinsAfter) {
      before.bytes += bytes + after.bytes;
      free.splice(next, 1);
    } else if (joinsBefore) {
      before.bytes += bytes;
    } else if (joinsAfter) {
      after.at = at;
      after.bytes += bytes;
    } else {
      free.splice(next, 0, { at, bytes });
    }
  }
}
