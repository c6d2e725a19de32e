/** Writes little-endian fields one after another into a buffer of fixed size: the counterpart of `ByteReader`. */
export class ByteWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(capacityBytes: number) {
    this.#bytes = new Uint8Array(capacityBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Where the next field begins. */
  get offset(): number {
    return this.#offset;
  }

  u8(value: number): void {
    this.#view.setUint8(this.#place(1, value, 0xff), value);
  }

  u16(value: number): void {
    this.#view.setUint16(this.#place(2, value, 0xffff), value, true);
  }

  u32(value: number): void {
    this.#view.setUint32(this.#place(4, value, 0xffffffff), value, true);
  }

  u64(value: number): void {
    const start = this.#place(8, value, Number.MAX_SAFE_INTEGER);
    this.#view.setUint32(start, value % 2 ** 32, true);
    this.#view.setUint32(start + 4, Math.floor(value / 2 ** 32), true);
  }

  /** A copy of `bytes`. */
  bytes(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#take(bytes.length));
  }

  /** Reserved bytes and padding. */
  zeros(length: number): void {
    this.#take(length);
  }

  /** What was written so far, as a view. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#offset);
  }

  #place(length: number, value: number, maximum: number): number {
    if (!Number.isInteger(value) || value < 0 || value > maximum) {
      throw new RangeError(`value must be an integer from 0 to ${maximum}, got ${value}`);
    }
    return this.#take(length);
  }

  #take(length: number): number {
    const start = this.#offset;
    if (!(length >= 0 && length <= this.#bytes.length - start)) {
      throw new RangeError(`${length} bytes at byte ${start} do not fit into ${this.#bytes.length}`);
    }
    this.#offset = start + length;
    return start;
  }
}
