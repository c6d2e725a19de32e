import { copyMiddling, copyTwice, LONG_BYTES } from "./copy-short";

export function scatter(from: usize, count: usize, valueBytes: usize, to: usize, strideBytes: usize): void {
  move(from, count, valueBytes, valueBytes, to, strideBytes);
}

export function pick(from: usize, count: usize, valueBytes: usize, strideBytes: usize, to: usize): void {
  move(from, count, valueBytes, strideBytes, to, valueBytes);
}

/** Copies `count` values from places `fromStride` apart to places `toStride` apart. */
function move(from: usize, count: usize, valueBytes: usize, fromStride: usize, to: usize, toStride: usize): void {
  if (valueBytes === 0) return;
  if (valueBytes === 1) moveEach<u8>(from, count, fromStride, to, toStride);
  else if (valueBytes === 2) moveEach<u16>(from, count, fromStride, to, toStride);
  else if (valueBytes === 3) moveTwice<u16>(from, count, valueBytes, fromStride, to, toStride);
  else if (valueBytes === 4) moveEach<u32>(from, count, fromStride, to, toStride);
  else if (valueBytes < 8) moveTwice<u32>(from, count, valueBytes, fromStride, to, toStride);
  else if (valueBytes === 8) moveEach<u64>(from, count, fromStride, to, toStride);
  else if (valueBytes < 16) moveTwice<u64>(from, count, valueBytes, fromStride, to, toStride);
  else if (valueBytes === 16) moveEach<v128>(from, count, fromStride, to, toStride);
  else if (valueBytes <= LONG_BYTES) {
    for (; count > 0; count--, from += fromStride, to += toStride) copyMiddling(from, valueBytes, to);
  } else {
    for (; count > 0; count--, from += fromStride, to += toStride) memory.copy(to, from, valueBytes);
  }
}

function moveEach<T>(from: usize, count: usize, fromStride: usize, to: usize, toStride: usize): void {
  for (; count > 0; count--, from += fromStride, to += toStride) store<T>(to, load<T>(from));
}

function moveTwice<T>(
  from: usize,
  count: usize,
  valueBytes: usize,
  fromStride: usize,
  to: usize,
  toStride: usize,
): void {
  const last = valueBytes - sizeof<T>();
  for (; count > 0; count--, from += fromStride, to += toStride) copyTwice<T>(from, last, to);
}

export function scatterBits(bits: usize, count: usize, to: usize, strideBytes: usize, bit: u32): void {
  const set: u32 = 1 << bit;
  for (let i: usize = 0; i < count; i++, to += strideBytes) {
    const value = (load<u8>(bits + (i >> 3)) >> ((i & 7) as u8)) & 1;
    store<u8>(to, (load<u8>(to) as u32) | (value ? set : 0));
  }
}

export function writeSlots(
  lengths: usize,
  count: usize,
  to: usize,
  strideBytes: usize,
  start: u32,
  limit: u32,
  itemBytes: u32,
): f64 {
  let offset: u32 = start;
  if (offset > limit) return -1;
  for (; count > 0; count--, lengths += 4, to += strideBytes) {
    const length = load<u32>(lengths);
    if (length > limit - offset || length % itemBytes !== 0) return -1;
    store<u32>(to, offset);
    store<u32>(to, length, 4);
    offset += length;
  }
  return offset as f64;
}
