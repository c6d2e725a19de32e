import { concatBytes } from "../../util/bytes.js";
import { byteShuffle } from "../codec/byte-shuffle.js";
import type { ColumnLayout, RowLayout } from "./row-layout.js";
import { align } from "./row-layout.js";

/** Filters of FORMAT.md 6.3. */
export const FILTER_NONE = 0;
export const FILTER_BYTE_SHUFFLE = 1;

/** The filter ids are padded to this, so that the first values are aligned. */
export const FILTERS_ALIGNMENT = 16;

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

/** The columns of a block: what `restoreRowsAt` restores. `filters` has one id per stream. Pure. */
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
