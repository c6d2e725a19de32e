import { nowMs } from "../platform/clock.js";
import { readAtSync } from "../platform/read-at.js";

/** Longer blocks are read on other threads: there the way to them is little beside the work. */
const MAX_READ_BYTES = 2 ** 20;
/** After so many bytes one read goes the other way. */
const RUN_BYTES = 2 ** 20;
/** A read that takes longer did not come from the page cache of a machine with time to spare. */
const SLOW_READ_MS = 0.5;
/** Reads that go the other way after a slow one, for each millisecond it took. */
const PAUSE_PER_SLOW_MS = 8;

/** What a test replaces. */
export interface SyncReaderSeams {
  readonly readAt: typeof readAtSync;
  readonly nowMs: typeof nowMs;
}

/**
 * Reads of a local file on the calling thread, where that is right. A block of 100 KB that is in the page cache is there after 10 µs; through Node's threads it
 * takes 60, half as long again as decoding it, which holds up the calling thread in any case. Two things would be wrong, and are prevented: a loop of `get`s
 * that never gives the event loop a turn, so after each MiB one read goes through the threads; and waiting for a slow disk or network here, so a slow read
 * sends the next ones there, in proportion to the time it took.
 */
export class SyncReader {
  readonly #descriptor: number;
  readonly #seams: SyncReaderSeams;
  #bytes = 0;
  /** Reads that are still to go the other way. */
  #pause = 0;

  constructor(descriptor: number, seams: SyncReaderSeams = { readAt: readAtSync, nowMs }) {
    this.#descriptor = descriptor;
    this.#seams = seams;
  }

  /** Fills `target` with the bytes from `offset`; false where they are to be read the other way, which also names what is wrong. */
  readInto(offset: number, target: Uint8Array): boolean {
    const lengthBytes = target.length;
    if (lengthBytes > MAX_READ_BYTES || this.#isPausing()) return false;
    const startMs = this.#seams.nowMs();
    try {
      if (this.#seams.readAt(this.#descriptor, offset, target) !== lengthBytes) return false;
    } catch {
      return false;
    }
    this.#pace(lengthBytes, this.#seams.nowMs() - startMs);
    return true;
  }

  #isPausing(): boolean {
    if (this.#pause === 0) return false;
    this.#pause--;
    return true;
  }

  #pace(lengthBytes: number, ms: number): void {
    this.#bytes += lengthBytes;
    if (this.#bytes < RUN_BYTES && ms <= SLOW_READ_MS) return;
    this.#bytes = 0;
    this.#pause = ms <= SLOW_READ_MS ? 1 : Math.ceil(ms * PAUSE_PER_SLOW_MS);
  }
}
