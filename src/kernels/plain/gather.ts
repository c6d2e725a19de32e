import { u32, type Views } from "./views.js";

export function gather(
  views: Views,
  rows: number,
  count: number,
  offset: number,
  valueBytes: number,
  to: number,
): void {
  for (let i = 0; i < count; i++) {
    const at = u32(views, rows + i * 4) + offset;
    views.bytes.copyWithin(to + i * valueBytes, at, at + valueBytes);
  }
}

export function gatherBits(views: Views, rows: number, count: number, offset: number, bit: number, to: number): void {
  const { bytes } = views;
  bytes.fill(0, to, to + Math.ceil(count / 8));
  for (let i = 0; i < count; i++) {
    const value = ((bytes[u32(views, rows + i * 4) + offset] ?? 0) >> bit) & 1;
    const at = to + (i >> 3);
    bytes[at] = (bytes[at] ?? 0) | (value << (i & 7));
  }
}

export function gatherOffsets(
  views: Views,
  rows: number,
  count: number,
  offset: number,
  itemBytes: number,
  to: number,
): number {
  let items = 0;
  views.numbers.setInt32(to, 0, true);
  for (let i = 0; i < count; i++) {
    items += Math.floor(u32(views, u32(views, rows + i * 4) + offset + 4) / itemBytes);
    if (items >= 2 ** 31) return -1;
    views.numbers.setInt32(to + 4 + i * 4, items, true);
  }
  return items;
}

export function gatherItems(
  views: Views,
  rows: number,
  bases: number,
  count: number,
  offset: number,
  to: number,
): number {
  let end = to;
  for (let i = 0; i < count; i++) {
    const slot = u32(views, rows + i * 4) + offset;
    const at = u32(views, bases + i * 4) + u32(views, slot);
    const length = u32(views, slot + 4);
    views.bytes.copyWithin(end, at, at + length);
    end += length;
  }
  return end - to;
}
