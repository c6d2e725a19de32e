import type { Slot } from "./arena.js";
import { ARENA_PAGE_BYTES } from "./arena.js";

/** A buffer that was made longer than this many times what it was asked for does not stay so: a ring of them would take all memory. */
const MAX_GROWTH = 2;
/** One to gather into, one that is read. */
const NEEDED_BUFFERS = 2;

/** Room for one batch. */
export interface BatchBuffer {
  slot: Slot;
  /** Somebody outside reads it. */
  isLent: boolean;
}

/** What a ring takes its memory from. */
export interface RingMemory {
  /** Room for `bytes`, or undefined where there is none. What is needed may cost others theirs. */
  reserve(bytes: number, isNeeded: boolean): Slot | undefined;
  free(slot: Slot): void;
}

/**
 * The buffers that batches of one epoch are gathered into, used again and again: memory is made resident once, and nothing is left to a garbage collection. Buffers that are lent out
 * when the ring closes stay valid until they are given back.
 */
export class BatchRing {
  readonly #memory: RingMemory;
  readonly #free: BatchBuffer[] = [];
  readonly #onFree: () => void;
  readonly #bytes: number;
  #lent = 0;
  #closed = false;
  readonly size: number;

  /** As many buffers of `bytes` as there is room for, `count` at most; {@link size} says how many that were. `onFree` is called whenever one comes back. */
  constructor(memory: RingMemory, bytes: number, count: number, onFree: () => void) {
    this.#memory = memory;
    this.#onFree = onFree;
    this.#bytes = bytes;
    while (this.#free.length < count) {
      const slot = memory.reserve(bytes, this.#free.length < NEEDED_BUFFERS);
      if (slot === undefined) break;
      this.#free.push({ slot, isLent: false });
    }
    this.size = this.#free.length;
  }

  /** A buffer, or undefined while all are in use. */
  acquire(): BatchBuffer | undefined {
    return this.#free.shift();
  }

  /** Whether a buffer may be lent: two are always left to gather into, so that a reader who keeps batches slows nothing down. */
  get mayLend(): boolean {
    return this.#lent < this.size - 2;
  }

  /** Marks a buffer as read by somebody outside until it is released. */
  lend(buffer: BatchBuffer): void {
    buffer.isLent = true;
    this.#lent++;
  }

  /** Makes a buffer long enough for `bytes`; false where there is no room. */
  enlarge(buffer: BatchBuffer, bytes: number): boolean {
    const slot = this.#memory.reserve(bytes, true);
    if (slot === undefined) return false;
    this.#memory.free(buffer.slot);
    buffer.slot = slot;
    return true;
  }

  release(buffer: BatchBuffer): void {
    if (buffer.isLent) this.#lent--;
    buffer.isLent = false;
    if (this.#closed) this.#memory.free(buffer.slot);
    else this.#free.push(this.#shortened(buffer));
    this.#onFree();
  }

  #shortened(buffer: BatchBuffer): BatchBuffer {
    if (buffer.slot.bytes <= MAX_GROWTH * Math.max(this.#bytes, ARENA_PAGE_BYTES)) return buffer;
    this.#memory.free(buffer.slot);
    const slot = this.#memory.reserve(this.#bytes, true);
    if (slot === undefined) throw new RangeError("a part of what was just given back is there");
    buffer.slot = slot;
    return buffer;
  }

  /** Gives the memory back, that of buffers in use as soon as they are released. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { slot } of this.#free.splice(0)) this.#memory.free(slot);
  }
}
