import { HexzError } from "../errors.js";

/**
 * Reads little-endian fields one after another and never past the end. Every structure of a file that is not made of plain columns is read
 * through it, so that a bounds check cannot be forgotten.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  #offset = 0;

  /** `bytes` stays the caller's; `what` is how errors call it, e.g. `the header of train.hxz`. */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  /** Where the next field begins. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** @throws HexzError `E_LIMIT` above 2^53 − 1. */
  u64(): number {
    const start = this.#take(8);
    const high = this.#view.getUint32(start + 4, true);
    if (high > 0x1fffff) {
      throw new HexzError("E_LIMIT", `${this.#what} has a number above 2^53 - 1 at byte ${start}`, {
        context: { what: this.#what, offset: start },
      });
    }
    return high * 2 ** 32 + this.#view.getUint32(start, true);
  }

  /** The next `length` bytes, as a view. */
  bytes(length: number): Uint8Array {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** Passes over reserved bytes, which must be zero. */
  zeros(length: number): void {
    const start = this.#take(length);
    for (let offset = start; offset < start + length; offset++) {
      if (this.#bytes[offset] !== 0)
        throw this.#corrupt(`has a reserved byte that is not zero at byte ${offset}`, offset);
    }
  }

  /** Asserts that nothing is left. */
  end(): void {
    if (this.remaining === 0) return;
    throw this.#corrupt(`has ${this.remaining} bytes too many from byte ${this.#offset} on`, this.#offset);
  }

  #take(length: number): number {
    const start = this.#offset;
    if (!Number.isInteger(length) || length < 0) throw new RangeError(`length must be an integer >= 0, got ${length}`);
    if (length > this.remaining) {
      throw this.#corrupt(
        `ends after ${this.#bytes.length} bytes where ${length} more are needed at byte ${start}`,
        start,
      );
    }
    this.#offset = start + length;
    return start;
  }

  #corrupt(problem: string, offset: number): HexzError {
    return new HexzError("E_CORRUPT", `${this.#what} ${problem}`, { context: { what: this.#what, offset } });
  }
}
