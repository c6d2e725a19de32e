/**
 * The inner loops of the loader, on addresses of one memory: byte offsets below 4 GiB, as a worker and the calling thread share them. Nothing is allocated and
 * nothing is copied to be worked on. Every call that takes lengths stays within `[at, at + length)`; addresses themselves are trusted, they come from our
 * own arena, and content never is.
 *
 * All numbers in memory are little-endian.
 */
export interface Kernels {
  /** Whether the XXH64 (seed 0) of a run of bytes is the one given by its halves. */
  matchesXxh64(at: number, lengthBytes: number, low: number, high: number): boolean;
  /** Whether the CRC32 (zlib's polynomial) of a run of bytes is `crc`, an unsigned number. */
  matchesCrc32(at: number, lengthBytes: number, crc: number): boolean;

  /**
   * Decodes one raw LZ4 block. Safe against any input: reads only the input's bytes, writes only `[to, to + capacityBytes)`, of which what lies behind the
   * result may have changed as well. The two runs do not overlap.
   *
   * @returns Bytes written, or −1 where the input is not a block that ends within `capacityBytes`.
   */
  decodeLz4(from: number, lengthBytes: number, to: number, capacityBytes: number): number;

  copy(from: number, lengthBytes: number, to: number): void;
  /** Sets a run of bytes to zero. */
  clear(at: number, lengthBytes: number): void;

  /** Byte shuffle of `items` items (filter 1 of FORMAT.md 6.3), and its inverse. The runs do not overlap. */
  byteShuffle(from: number, items: number, itemBytes: number, to: number): void;
  byteUnshuffle(from: number, items: number, itemBytes: number, to: number): void;

  /** Columns → rows: `count` values of `valueBytes` each, one after another at `from`, go to `to`, `to + strideBytes`, … */
  scatter(from: number, count: number, valueBytes: number, to: number, strideBytes: number): void;
  /** Rows → columns: the inverse of {@link scatter}. */
  pick(from: number, count: number, valueBytes: number, strideBytes: number, to: number): void;
  /** Sets bit `bit` of the byte at `to + i · strideBytes` for every set bit `i` of the bitmap at `bits`. Other bits stay. */
  scatterBits(bits: number, count: number, to: number, strideBytes: number, bit: number): void;
  /**
   * Writes the slots of a variable field: for each of the u32 `lengths`, (u32 offset, u32 length) at `to + i · strideBytes`, offsets counting up from `start`.
   *
   * @returns The offset after the last value, or −1 where a length is no multiple of `itemBytes` or the end would pass `limit`.
   */
  writeSlots(
    lengths: number,
    count: number,
    to: number,
    strideBytes: number,
    start: number,
    limit: number,
    itemBytes: number,
  ): number;

  /**
   * Copies a fixed field of many rows to consecutive places. `rows` is the address of `count` u32 row addresses, here and below.
   */
  gather(rows: number, count: number, offset: number, valueBytes: number, to: number): void;
  /** Bitmap (least significant bit first, spare bits 0) of bit `bit` of the byte `offset` of each row. */
  gatherBits(rows: number, count: number, offset: number, bit: number, to: number): void;
  /**
   * Item offsets of a variable field: writes `count + 1` i32 from 0 at `to`, in items of `itemBytes`.
   *
   * @param offset Of the field's slot (u32 offset, u32 length) in the row.
   * @returns The number of items, or −1 where it reaches 2^31.
   */
  gatherOffsets(rows: number, count: number, offset: number, itemBytes: number, to: number): number;
  /**
   * The values of a variable field, one after another at `to`. `bases` is the address of `count` u32: where the block of each row begins, from which its slots count.
   * Slots are trusted: they are those of {@link writeSlots}.
   *
   * @returns Bytes written.
   */
  gatherItems(rows: number, bases: number, count: number, offset: number, to: number): number;

  /**
   * A fixed numeric field of many rows as f32 or f16: `value · scale + bias`, in f32. Element `e` of each row uses entry `e mod period` of the two f32 tables;
   * `period` is a multiple of 16. The value is rounded to f32 first; float16 results are rounded to nearest even, and every NaN becomes 0x7e00.
   *
   * @param elements Per row.
   */
  gatherCast(
    rows: number,
    count: number,
    offset: number,
    elements: number,
    type: NumberType,
    scale: number,
    bias: number,
    period: number,
    to: number,
    result: "float32" | "float16",
  ): void;
  /**
   * An integer or bool scalar of many rows as `classes` values each, all 0 but the one it names, 1.
   *
   * @returns The first row (of the `count`) whose value is not in `[0, classes)`, or −1 where all are. From that row on the output is 0.
   */
  gatherOneHot(
    rows: number,
    count: number,
    offset: number,
    type: NumberType,
    classes: number,
    to: number,
    result: "float32" | "uint8",
  ): number;
}

/** Numeric types a kernel reads; `float16` is IEEE half precision, bools are `uint8`. */
export type NumberType =
  | "uint8"
  | "int8"
  | "uint16"
  | "int16"
  | "uint32"
  | "int32"
  | "uint64"
  | "int64"
  | "float16"
  | "float32"
  | "float64";
