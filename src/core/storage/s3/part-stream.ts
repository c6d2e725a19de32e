import { HexzError } from "../../../errors.js";

const MIB = 2 ** 20;
/** Of S3. */
const MAX_PARTS = 10_000;
const SMALLEST_PART_BYTES = 8 * MIB;
const LARGEST_PART_BYTES = 64 * MIB;
/** Parts of one size, before the next are twice as large. */
const PARTS_PER_SIZE = 1000;

/** Where parts go. */
export interface PartSink {
  /** Takes part `number`, from 1; its bytes are the sink's from then on. Waiting for it is the backpressure. */
  put(number: number, bytes: Uint8Array): Promise<void>;
}

/**
 * Bytes of part `number`: always `partBytes` where that is given, else 8 MiB for the first thousand, then doubling each thousand up to 64 MiB: small objects are
 * held in little memory, and one of 490 GiB still has no more than the 10,000 parts S3 allows.
 */
export function partSize(number: number, partBytes?: number): number {
  if (partBytes !== undefined) return partBytes;
  const doublings = Math.floor((number - 1) / PARTS_PER_SIZE);
  return Math.min(LARGEST_PART_BYTES, SMALLEST_PART_BYTES * 2 ** doublings);
}

/**
 * Cuts bytes written front to back into parts. Part 1 is held back until the end: what it holds, the header of a snapshot, may be written again. Holds part 1 and
 * the one being filled; the sink holds those on their way.
 */
export class PartStream {
  readonly #name: string;
  readonly #sink: PartSink;
  readonly #partBytes: number | undefined;
  #first: Uint8Array;
  #number = 1;
  /** The part being filled, where in the object it begins, and how much of it is filled. */
  #part: Uint8Array;
  #start = 0;
  #filled = 0;

  /** @param name of the object, for errors. */
  constructor(name: string, sink: PartSink, partBytes?: number) {
    this.#name = name;
    this.#sink = sink;
    this.#partBytes = partBytes;
    this.#first = new Uint8Array(partSize(1, partBytes));
    this.#part = this.#first;
  }

  /** Bytes so far. */
  get sizeBytes(): number {
    return this.#start + this.#filled;
  }

  /**
   * Writes at the end, or again within part 1; a gap left at the beginning is zeros until it is written. `bytes` are copied.
   *
   * @throws HexzError `E_LIMIT` for more parts than S3 takes.
   */
  async write(bytes: Uint8Array, position: number): Promise<void> {
    const isRewrite = position + bytes.length <= Math.min(this.sizeBytes, this.#first.length);
    if (isRewrite) return this.#first.set(bytes, position);
    if (this.sizeBytes === 0 && position <= this.#first.length) this.#filled = position;
    if (position !== this.sizeBytes) throw new RangeError(`position ${position} is not the end, ${this.sizeBytes}`);
    for (let done = 0; done < bytes.length; ) {
      if (this.#filled === this.#part.length) await this.#next();
      const taken = bytes.subarray(done, done + this.#part.length - this.#filled);
      this.#part.set(taken, this.#filled);
      this.#filled += taken.length;
      done += taken.length;
    }
  }

  /** Sends what is left, part 1 last of all. */
  async end(): Promise<void> {
    const isFirst = this.#number === 1;
    if (!isFirst) await this.#sink.put(this.#number, this.#part.subarray(0, this.#filled));
    await this.#sink.put(1, isFirst ? this.#first.subarray(0, this.#filled) : this.#first);
  }

  async #next(): Promise<void> {
    if (this.#number > 1) await this.#sink.put(this.#number, this.#part);
    this.#number++;
    if (this.#number > MAX_PARTS) throw tooLarge(this.#name, this.sizeBytes);
    this.#start += this.#part.length;
    this.#filled = 0;
    this.#part = new Uint8Array(partSize(this.#number, this.#partBytes));
  }
}

function tooLarge(name: string, bytes: number): HexzError {
  const advice = "set options.storage.s3.partBytes to larger parts";
  return new HexzError("E_LIMIT", `${name} would have more than ${MAX_PARTS} parts; ${advice}`, {
    context: { path: name, bytes, limit: MAX_PARTS },
  });
}
