/** Bytes that grow by doubling. Views are made anew when they move: read `bytes` and `view` again after every `reserve`. */
export class GrowableBytes {
  #bytes: Uint8Array;
  #view: DataView;
  /** Bytes in use. */
  length = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get view(): DataView {
    return this.#view;
  }

  /** Takes `count` bytes at the end (of any content) and says where they begin. */
  reserve(count: number): number {
    const start = this.length;
    const end = start + count;
    if (end > this.#bytes.length) this.#grow(end);
    this.length = end;
    return start;
  }

  /** Drops the first `count` bytes; the rest moves to the front. */
  dropFirst(count: number): void {
    this.#bytes.copyWithin(0, count, this.length);
    this.length -= count;
  }

  #grow(needed: number): void {
    const bytes = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    bytes.set(this.#bytes.subarray(0, this.length));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}
