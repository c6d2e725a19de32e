import type { FixedColumnLayout, VariableColumnLayout } from "../core/format/row-layout.js";
import { HexzError } from "../errors.js";
import type { BatchRows } from "./row-refs.js";

/** Up to here a loop over words beats `set(subarray)`: about 1.0 against 0.7 GB/s at 64 bytes, 1.3 against 2.0 at 256 (shared memory, Node 20). */
const LOOP_BYTES = 64;
/** Arrow's offsets are i32. */
const MAX_ITEMS = 2 ** 31 - 1;

/** Rows → the bytes of a fixed field, row after row, in a fresh buffer. */
export type FixedGather = (rows: BatchRows) => Uint8Array;

/** The gather that suits the size and alignment of a field. */
export function createFixedGather({ offset, valueBytes }: FixedColumnLayout, strideBytes: number): FixedGather {
  if (valueBytes > LOOP_BYTES) return (rows) => gatherLarge(rows, offset, valueBytes);
  const unit = commonUnit(offset, valueBytes, strideBytes);
  return (rows) => {
    const target = new Uint8Array(rows.size * valueBytes);
    if (unit === 4) gatherWords(rows, offset >> 2, valueBytes >> 2, new Uint32Array(target.buffer));
    else if (unit === 2) gatherShorts(rows, offset >> 1, valueBytes >> 1, new Uint16Array(target.buffer));
    else gatherBytes(rows, offset, valueBytes, target);
    return target;
  };
}

/** The largest of 4, 2 and 1 that divides all three. */
function commonUnit(a: number, b: number, c: number): 1 | 2 | 4 {
  const bits = a | b | c;
  if (bits % 4 === 0) return 4;
  return bits % 2 === 0 ? 2 : 1;
}

// One loop per element type, each seeing one kind of array only, and an inner loop over the rows of one source: that is what keeps them fast.
// BatchRows has checked that all rows lie inside their blocks, so no index is out of bounds and no `?? 0` ever applies.

function gatherWords(batch: BatchRows, offset: number, count: number, target: Uint32Array): void {
  const { size, sourceOf, starts } = batch;
  const sources = batch.words();
  for (let i = 0, to = 0; i < size; ) {
    const index = sourceOf[i] ?? 0;
    const source = sources[index] ?? target;
    do {
      const from = ((starts[i] ?? 0) >>> 2) + offset;
      for (let j = 0; j < count; j++) target[to++] = source[from + j] ?? 0;
    } while (++i < size && sourceOf[i] === index);
  }
}

function gatherShorts(batch: BatchRows, offset: number, count: number, target: Uint16Array): void {
  const { size, sourceOf, starts } = batch;
  const sources = batch.shorts();
  for (let i = 0, to = 0; i < size; ) {
    const index = sourceOf[i] ?? 0;
    const source = sources[index] ?? target;
    do {
      const from = ((starts[i] ?? 0) >>> 1) + offset;
      for (let j = 0; j < count; j++) target[to++] = source[from + j] ?? 0;
    } while (++i < size && sourceOf[i] === index);
  }
}

function gatherBytes(
  { size, sources, sourceOf, starts }: BatchRows,
  offset: number,
  count: number,
  target: Uint8Array,
) {
  for (let i = 0, to = 0; i < size; ) {
    const index = sourceOf[i] ?? 0;
    const source = sources[index] ?? target;
    do {
      const from = (starts[i] ?? 0) + offset;
      for (let j = 0; j < count; j++) target[to++] = source[from + j] ?? 0;
    } while (++i < size && sourceOf[i] === index);
  }
}

function gatherLarge({ size, sources, sourceOf, starts }: BatchRows, offset: number, valueBytes: number): Uint8Array {
  const target = new Uint8Array(size * valueBytes);
  for (let i = 0; i < size; i++) {
    const from = (starts[i] ?? 0) + offset;
    target.set((sources[sourceOf[i] ?? 0] ?? target).subarray(from, from + valueBytes), i * valueBytes);
  }
  return target;
}

/** Bitmap of the rows whose mask bit `nullBit` is set, least significant bit first. */
export function gatherValidity(batch: BatchRows, maskOffset: number, nullBit: number): Uint8Array {
  const { size, sources, sourceOf, starts } = batch;
  const bitmap = new Uint8Array(Math.ceil(size / 8));
  const offset = maskOffset + (nullBit >> 3);
  for (let i = 0; i < size; i++) {
    const mask = sources[sourceOf[i] ?? 0]?.[(starts[i] ?? 0) + offset] ?? 0;
    bitmap[i >> 3] = (bitmap[i >> 3] ?? 0) | (((mask >> (nullBit & 7)) & 1) << (i & 7));
  }
  return bitmap;
}

/** A variable field of a batch: item offsets, and the items' bytes in a fresh buffer. */
export interface GatheredItems {
  readonly offsets: Int32Array;
  readonly bytes: Uint8Array;
}

export type VariableGather = (rows: BatchRows, validity: Uint8Array | undefined) => GatheredItems;

/** The gather of a variable field: one pass over the slots for offsets and sizes, then one copy of each value. */
export function createVariableGather(column: VariableColumnLayout): VariableGather {
  // Where each value begins in its block; kept from batch to batch, never handed out.
  let starts = new Uint32Array(0);
  return (batch, validity) => {
    if (starts.length < batch.size) starts = new Uint32Array(batch.size);
    const offsets = measureItems(batch, column, validity, starts);
    const bytes = new Uint8Array((offsets[batch.size] ?? 0) * column.itemBytes);
    copyItems(batch, offsets, column.itemBytes, starts, bytes);
    return { offsets, bytes };
  };
}

function measureItems(
  batch: BatchRows,
  column: VariableColumnLayout,
  validity: Uint8Array | undefined,
  starts: Uint32Array,
): Int32Array {
  const { size, blockOf, blocks, sourceOf, starts: rowStarts } = batch;
  const sources = batch.words();
  const { itemBytes, name } = column;
  const offset = column.offset >> 2;
  const offsets = new Int32Array(size + 1);
  let items = 0;
  for (let i = 0; i < size; i++) {
    if (validity === undefined || ((validity[i >> 3] ?? 0) >> (i & 7)) & 1) {
      const source = sources[sourceOf[i] ?? 0];
      const slot = ((rowStarts[i] ?? 0) >>> 2) + offset;
      const start = source?.[slot] ?? 0;
      const length = source?.[slot + 1] ?? 0;
      if (start + length > (blocks[blockOf[i] ?? 0]?.length ?? 0) || length % itemBytes !== 0)
        throw outside(name, i, start, length);
      starts[i] = start;
      items += length / itemBytes;
      if (items > MAX_ITEMS) throw tooMany(name, size);
    }
    offsets[i + 1] = items;
  }
  return offsets;
}

function copyItems(
  { size, blockOf, blocks }: BatchRows,
  offsets: Int32Array,
  itemBytes: number,
  starts: Uint32Array,
  target: Uint8Array,
): void {
  for (let i = 0; i < size; i++) {
    const source = blocks[blockOf[i] ?? 0] ?? target;
    const to = (offsets[i] ?? 0) * itemBytes;
    const length = (offsets[i + 1] ?? 0) * itemBytes - to;
    const from = starts[i] ?? 0;
    if (length > LOOP_BYTES) target.set(source.subarray(from, from + length), to);
    else for (let j = 0; j < length; j++) target[to + j] = source[from + j] ?? 0;
  }
}

function outside(field: string, batchRow: number, start: number, length: number): HexzError {
  const what = `a value of ${length} bytes at byte ${start} is not whole items inside its block`;
  return new HexzError(
    "E_BLOCK_CORRUPT",
    `field ${JSON.stringify(field)} cannot be read in row ${batchRow} of the batch (${what}); restore the file from a good copy`,
    { context: { field, batchRow, offset: start, length } },
  );
}

function tooMany(field: string, size: number): HexzError {
  return new HexzError(
    "E_LIMIT",
    `field ${JSON.stringify(field)} has more than ${MAX_ITEMS} items in a batch of ${size}; reduce batchSize`,
    { context: { field, batchSize: size, limit: MAX_ITEMS } },
  );
}
