import { u32, type Views } from "./views.js";

/** Copies `count` values from places `fromStride` apart to places `toStride` apart. */
export function scatter(
  { bytes }: Views,
  from: number,
  count: number,
  valueBytes: number,
  fromStride: number,
  to: number,
  toStride: number,
): void {
  for (let i = 0; i < count; i++) {
    const at = from + i * fromStride;
    bytes.copyWithin(to + i * toStride, at, at + valueBytes);
  }
}

export function scatterBits(
  { bytes }: Views,
  bits: number,
  count: number,
  to: number,
  strideBytes: number,
  bit: number,
): void {
  for (let i = 0; i < count; i++) {
    const value = ((bytes[bits + (i >> 3)] ?? 0) >> (i & 7)) & 1;
    const at = to + i * strideBytes;
    bytes[at] = (bytes[at] ?? 0) | (value << bit);
  }
}

export function writeSlots(
  views: Views,
  lengths: number,
  count: number,
  to: number,
  strideBytes: number,
  start: number,
  limit: number,
  itemBytes: number,
): number {
  let offset = start;
  if (offset > limit) return -1;
  for (let i = 0; i < count; i++) {
    const length = u32(views, lengths + i * 4);
    if (length > limit - offset || length % itemBytes !== 0) return -1;
    views.numbers.setUint32(to + i * strideBytes, offset, true);
    views.numbers.setUint32(to + i * strideBytes + 4, length, true);
    offset += length;
  }
  return offset;
}
