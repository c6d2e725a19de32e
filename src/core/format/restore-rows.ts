import { HexzError } from "../../errors.js";
import type { Workbench } from "../../kernels/index.js";
import { FILTER_BYTE_SHUFFLE, FILTER_NONE, FILTERS_ALIGNMENT } from "./columns.js";
import type { ColumnLayout, RowLayout, VariableColumnLayout } from "./row-layout.js";
import { align, rowsBytes } from "./row-layout.js";

/** A run of bytes of the workbench's memory. */
export interface Span {
  readonly at: number;
  readonly length: number;
}

/**
 * Restores the rows and heaps of a block of `count` records from its columns (FORMAT.md 6.2, 6.3). `encoded`, `target` and `scratch` lie apart in the memory of `bench`; `target`
 * is overwritten whole, `scratch` has room for the longest stream.
 *
 * @throws HexzError `E_BLOCK_CORRUPT` where lengths do not add up.
 */
export function restoreRowsAt(
  bench: Workbench,
  encoded: Span,
  count: number,
  layout: RowLayout,
  target: Span,
  scratch: number,
): void {
  const { kernels } = bench;
  const rowsEnd = rowsBytes(layout, count);
  if (rowsEnd > target.length) throw corrupt(`${count} rows take ${rowsEnd} bytes, the index says ${target.length}`);
  kernels.clear(target.at, target.length);
  const reader = new StreamReader(bench, encoded, layout, scratch);
  let heap = rowsEnd;
  for (const column of layout.columns) {
    if (column.nullBit >= 0) restoreMask(bench, reader, count, column, layout, target.at);
    const to = target.at + column.offset;
    if (column.kind === "fixed") {
      const values = reader.stream(count * column.valueBytes, column.itemBytes);
      kernels.scatter(values, count, column.valueBytes, to, layout.strideBytes);
    } else {
      heap = restoreHeap(bench, reader, count, column, layout, heap, target);
    }
  }
  reader.end();
  if (heap !== target.length) throw corrupt(`its rows take ${heap} bytes, the index says ${target.length}`);
}

function restoreMask(
  { memory, kernels }: Workbench,
  reader: StreamReader,
  count: number,
  column: ColumnLayout,
  layout: RowLayout,
  target: number,
): void {
  const length = Math.ceil(count / 8);
  const bits = reader.plain(length);
  const last = new Uint8Array(memory.buffer, bits, length)[length - 1] ?? 0;
  if (count % 8 !== 0 && last >> (count % 8) !== 0) throw corrupt("spare validity bits are set");
  const to = target + layout.maskOffset + (column.nullBit >> 3);
  kernels.scatterBits(bits, count, to, layout.strideBytes, column.nullBit & 7);
}

/** @returns Where the next heap begins. */
function restoreHeap(
  { kernels }: Workbench,
  reader: StreamReader,
  count: number,
  column: VariableColumnLayout,
  { strideBytes }: RowLayout,
  heap: number,
  target: Span,
): number {
  const { itemBytes, offset } = column;
  const lengths = reader.stream(count * 4, 4);
  const end = kernels.writeSlots(lengths, count, target.at + offset, strideBytes, heap, target.length, itemBytes);
  if (end < 0) throw corrupt(`the values of a field are not whole items of ${itemBytes} bytes, or pass its end`);
  kernels.copy(reader.stream(end - heap, itemBytes), end - heap, target.at + heap);
  return align(end, 16);
}

/** Reads consecutive streams of the encoded bytes, undoing their filters. */
class StreamReader {
  readonly #bench: Workbench;
  readonly #filters: Uint8Array;
  readonly #end: number;
  readonly #scratch: number;
  #at: number;
  #stream = 0;

  constructor(bench: Workbench, encoded: Span, layout: RowLayout, scratch: number) {
    this.#bench = bench;
    this.#at = encoded.at;
    this.#end = encoded.at + encoded.length;
    this.#scratch = scratch;
    const streams = layout.streamItemBytes.length;
    const padded = align(streams, FILTERS_ALIGNMENT);
    this.#filters = new Uint8Array(bench.memory.buffer, this.plain(padded), padded);
    if (this.#filters.subarray(streams).some((byte) => byte !== 0))
      throw corrupt("the padding of its filters is not zero");
  }

  /** Address of the next `length` bytes. */
  plain(length: number): number {
    const at = this.#at;
    if (at + length > this.#end) throw corrupt(`its columns end ${at + length - this.#end} bytes too early`);
    this.#at += length;
    return at;
  }

  /** Address of the next stream of `length` bytes without its filter, valid until the next call. */
  stream(length: number, itemBytes: number): number {
    const filter = this.#filters[this.#stream++];
    const filtered = this.plain(length);
    if (filter === FILTER_NONE) return filtered;
    if (filter !== FILTER_BYTE_SHUFFLE) throw corrupt(`a column has the unknown filter ${filter}`);
    if (itemBytes === 1) return filtered;
    this.#bench.kernels.byteUnshuffle(filtered, length / itemBytes, itemBytes, this.#scratch);
    return this.#scratch;
  }

  end(): void {
    if (this.#at !== this.#end) throw corrupt(`${this.#end - this.#at} bytes follow its last column`);
  }
}

function corrupt(what: string): HexzError {
  return new HexzError("E_BLOCK_CORRUPT", what);
}
