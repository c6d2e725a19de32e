import { HexzError } from "../../errors.js";
import { concatBytes } from "../../util/bytes.js";
import { byteShuffle, byteUnshuffle } from "../codec/byte-shuffle.js";
import type { ColumnLayout, RowLayout } from "./row-layout.js";
import { align, rowsBytes } from "./row-layout.js";

/** Filters of FORMAT.md 6.3. */
export const FILTER_NONE = 0;
export const FILTER_BYTE_SHUFFLE = 1;

/** The filter ids are padded to this, so that the first values are aligned. */
export const FILTERS_ALIGNMENT = 16;

/** Reads consecutive streams of the encoded bytes, undoing their filters. */
class StreamReader {
  readonly #bytes: Uint8Array;
  readonly #itemBytes: readonly number[];
  #position: number;
  #stream = 0;

  constructor(bytes: Uint8Array, layout: RowLayout) {
    this.#bytes = bytes;
    this.#itemBytes = layout.streamItemBytes;
    const end = align(this.#itemBytes.length, FILTERS_ALIGNMENT);
    this.#position = 0;
    if (
      this.plain(end)
        .subarray(this.#itemBytes.length)
        .some((byte) => byte !== 0)
    )
      throw corrupt("the padding of its filters is not zero");
  }

  /** The next `length` bytes as they are (a view). */
  plain(length: number): Uint8Array {
    const end = this.#position + length;
    if (end > this.#bytes.length) throw corrupt(`its columns end at byte ${this.#bytes.length}, ${end} are needed`);
    const view = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return view;
  }

  /** The next stream, `length` bytes after its filter. A view where there is none. */
  stream(length: number): Uint8Array {
    const filter = this.#bytes[this.#stream];
    const itemBytes = this.#itemBytes[this.#stream++] ?? 1;
    const filtered = this.plain(length);
    if (filter === FILTER_NONE) return filtered;
    if (filter !== FILTER_BYTE_SHUFFLE) throw corrupt(`a column has the unknown filter ${filter}`);
    const values = new Uint8Array(length);
    byteUnshuffle(filtered, itemBytes, values);
    return values;
  }

  end(): void {
    if (this.#position !== this.#bytes.length)
      throw corrupt(`${this.#bytes.length - this.#position} bytes follow its last column`);
  }
}

/**
 * Restores the rows and heaps of a block of `count` records from its columns (FORMAT.md 6.2, 6.3) into `target`, which is overwritten whole.
 *
 * @throws HexzError `E_BLOCK_CORRUPT` where lengths do not add up.
 */
export function restoreRows(encoded: Uint8Array, count: number, layout: RowLayout, target: Uint8Array): void {
  const rowsEnd = rowsBytes(layout, count);
  if (rowsEnd > target.length) throw corrupt(`${count} rows take ${rowsEnd} bytes, the index says ${target.length}`);
  target.fill(0);
  const reader = new StreamReader(encoded, layout);
  let heap = rowsEnd;
  for (const column of layout.columns) {
    if (column.nullBit >= 0) restoreMask(reader.plain(Math.ceil(count / 8)), count, column, layout, target);
    if (column.kind === "fixed") {
      scatter(
        reader.stream(count * column.valueBytes),
        count,
        column.valueBytes,
        column.offset,
        layout.strideBytes,
        target,
      );
    } else {
      heap = restoreHeap(reader, count, column, layout, heap, target);
    }
  }
  reader.end();
  if (heap !== target.length) throw corrupt(`its rows take ${heap} bytes, the index says ${target.length}`);
}

function restoreMask(
  bits: Uint8Array,
  count: number,
  column: ColumnLayout,
  layout: RowLayout,
  target: Uint8Array,
): void {
  const spare = count % 8 === 0 ? 0 : (bits[bits.length - 1] ?? 0) >> (count % 8);
  if (spare !== 0) throw corrupt("spare validity bits are set");
  const at = layout.maskOffset + (column.nullBit >> 3);
  const bit = 1 << (column.nullBit & 7);
  for (let row = 0; row < count; row++) {
    if (((bits[row >> 3] ?? 0) >> (row & 7)) & 1) {
      const position = row * layout.strideBytes + at;
      target[position] = (target[position] ?? 0) | bit;
    }
  }
}

/** Rows get their `bytes` each from consecutive `values`. */
function scatter(
  values: Uint8Array,
  count: number,
  bytes: number,
  offset: number,
  stride: number,
  target: Uint8Array,
): void {
  if (bytes === stride) {
    target.set(values, 0);
  } else if (
    bytes === 4 &&
    stride % 4 === 0 &&
    offset % 4 === 0 &&
    values.byteOffset % 4 === 0 &&
    target.byteOffset % 4 === 0
  ) {
    const from = new Uint32Array(values.buffer, values.byteOffset, count);
    const to = new Uint32Array(target.buffer, target.byteOffset, target.length >> 2);
    for (let row = 0, at = offset >> 2; row < count; row++, at += stride >> 2) to[at] = from[row] ?? 0;
  } else if (bytes <= 16) {
    for (let row = 0; row < count; row++) {
      for (let i = 0; i < bytes; i++) target[row * stride + offset + i] = values[row * bytes + i] ?? 0;
    }
  } else {
    for (let row = 0; row < count; row++)
      target.set(values.subarray(row * bytes, (row + 1) * bytes), row * stride + offset);
  }
}

function restoreHeap(
  reader: StreamReader,
  count: number,
  column: ColumnLayout,
  layout: RowLayout,
  heap: number,
  target: Uint8Array,
): number {
  const lengths = reader.stream(count * 4);
  const from = new DataView(lengths.buffer, lengths.byteOffset, lengths.length);
  const to = new DataView(target.buffer, target.byteOffset, target.length);
  let end = heap;
  for (let row = 0; row < count; row++) {
    const length = from.getUint32(row * 4, true);
    if (length % column.itemBytes !== 0)
      throw corrupt(`a value of ${length} bytes is not whole items of ${column.itemBytes}`);
    const slot = row * layout.strideBytes + column.offset;
    to.setUint32(slot, end, true);
    to.setUint32(slot + 4, length, true);
    end += length;
    if (end > target.length) throw corrupt(`its values end at byte ${end}, the index says ${target.length}`);
  }
  target.set(reader.stream(end - heap), heap);
  return align(end, 16);
}

/** A validity bitmap, or a stream before its filter. */
interface ColumnPart {
  readonly kind: "validity" | "stream";
  readonly bytes: Uint8Array;
}

/** What the columns of a block are made of, in file order. */
function* columnParts(raw: Uint8Array, count: number, layout: RowLayout): Generator<ColumnPart> {
  for (const column of layout.columns) {
    if (column.nullBit >= 0) yield { kind: "validity", bytes: splitMask(raw, count, column, layout) };
    if (column.kind === "fixed") {
      yield { kind: "stream", bytes: pick(raw, count, column.valueBytes, column.offset, layout.strideBytes) };
    } else {
      const { lengths, start, end } = heapOf(raw, count, column, layout);
      yield { kind: "stream", bytes: lengths };
      yield { kind: "stream", bytes: raw.subarray(start, end) };
    }
  }
}

/** The streams of a block before their filters, in file order. Pure. */
export function splitStreams(raw: Uint8Array, count: number, layout: RowLayout): Uint8Array[] {
  return [...columnParts(raw, count, layout)].filter(({ kind }) => kind === "stream").map(({ bytes }) => bytes);
}

/** The columns of a block: the inverse of {@link restoreRows}. `filters` has one id per stream. Pure. */
export function splitColumns(
  raw: Uint8Array,
  count: number,
  layout: RowLayout,
  filters: readonly number[],
): Uint8Array {
  const itemBytes = layout.streamItemBytes;
  const ids = new Uint8Array(align(itemBytes.length, FILTERS_ALIGNMENT));
  ids.set(itemBytes.map((_, stream) => filters[stream] ?? FILTER_NONE));
  const parts: Uint8Array[] = [ids];
  let stream = 0;
  for (const { kind, bytes } of columnParts(raw, count, layout)) {
    const isShuffled = kind === "stream" && filters[stream] === FILTER_BYTE_SHUFFLE;
    parts.push(isShuffled ? shuffled(bytes, itemBytes[stream] ?? 1) : bytes);
    if (kind === "stream") stream++;
  }
  return concatBytes(parts);
}

function shuffled(values: Uint8Array, itemBytes: number): Uint8Array {
  const target = new Uint8Array(values.length);
  byteShuffle(values, itemBytes, target);
  return target;
}

function splitMask(raw: Uint8Array, count: number, column: ColumnLayout, layout: RowLayout): Uint8Array {
  const bits = new Uint8Array(Math.ceil(count / 8));
  const at = layout.maskOffset + (column.nullBit >> 3);
  for (let row = 0; row < count; row++) {
    const valid = ((raw[row * layout.strideBytes + at] ?? 0) >> (column.nullBit & 7)) & 1;
    bits[row >> 3] = (bits[row >> 3] ?? 0) | (valid << (row & 7));
  }
  return bits;
}

function pick(raw: Uint8Array, count: number, bytes: number, offset: number, stride: number): Uint8Array {
  const values = new Uint8Array(count * bytes);
  if (bytes <= 16) {
    for (let row = 0; row < count; row++) {
      for (let i = 0; i < bytes; i++) values[row * bytes + i] = raw[row * stride + offset + i] ?? 0;
    }
  } else {
    for (let row = 0; row < count; row++)
      values.set(raw.subarray(row * stride + offset, row * stride + offset + bytes), row * bytes);
  }
  return values;
}

/** The lengths of a variable field, and where its values stand in the raw bytes. */
function heapOf(raw: Uint8Array, count: number, column: ColumnLayout, layout: RowLayout) {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  const lengths = new Uint8Array(count * 4);
  const to = new DataView(lengths.buffer);
  let start = 0;
  let end = 0;
  for (let row = 0; row < count; row++) {
    const slot = row * layout.strideBytes + column.offset;
    const length = view.getUint32(slot + 4, true);
    if (row === 0) start = view.getUint32(slot, true);
    end = view.getUint32(slot, true) + length;
    to.setUint32(row * 4, length, true);
  }
  return { lengths, start, end };
}

function corrupt(what: string): HexzError {
  return new HexzError("E_BLOCK_CORRUPT", what);
}
