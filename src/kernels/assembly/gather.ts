import { copyAny, copyMiddling, copyTwice, LONG_BYTES } from "./copy-short";

export function gather(rows: usize, count: usize, offset: usize, valueBytes: usize, to: usize): void {
  if (valueBytes === 0) return;
  const end = rows + (count << 2);
  if (valueBytes === 1) gatherEach<u8>(rows, end, offset, to);
  else if (valueBytes === 2) gatherEach<u16>(rows, end, offset, to);
  else if (valueBytes === 3) gatherTwice<u16>(rows, end, offset, valueBytes, to);
  else if (valueBytes === 4) gatherEach<u32>(rows, end, offset, to);
  else if (valueBytes < 8) gatherTwice<u32>(rows, end, offset, valueBytes, to);
  else if (valueBytes === 8) gatherEach<u64>(rows, end, offset, to);
  else if (valueBytes < 16) gatherTwice<u64>(rows, end, offset, valueBytes, to);
  else if (valueBytes === 16) gatherEach<v128>(rows, end, offset, to);
  else if (valueBytes <= LONG_BYTES) {
    for (; rows < end; rows += 4, to += valueBytes) copyMiddling(<usize>load<u32>(rows) + offset, valueBytes, to);
  } else {
    for (; rows < end; rows += 4, to += valueBytes) memory.copy(to, <usize>load<u32>(rows) + offset, valueBytes);
  }
}

function gatherEach<T>(rows: usize, end: usize, offset: usize, to: usize): void {
  for (; rows < end; rows += 4, to += sizeof<T>()) store<T>(to, load<T>(<usize>load<u32>(rows) + offset));
}

function gatherTwice<T>(rows: usize, end: usize, offset: usize, valueBytes: usize, to: usize): void {
  const last = valueBytes - sizeof<T>();
  for (; rows < end; rows += 4, to += valueBytes) copyTwice<T>(<usize>load<u32>(rows) + offset, last, to);
}

export function gatherBits(rows: usize, count: usize, offset: usize, bit: u32, to: usize): void {
  for (; count >= 8; count -= 8, rows += 32) store<u8>(to++, bitsOf(rows, 8, offset, bit));
  if (count > 0) store<u8>(to, bitsOf(rows, count, offset, bit));
}

function bitsOf(rows: usize, count: usize, offset: usize, bit: u32): u32 {
  let bits: u32 = 0;
  for (let i: usize = 0; i < count; i++) {
    bits |= (((load<u8>(<usize>load<u32>(rows + (i << 2)) + offset) as u32) >> bit) & 1) << (i as u32);
  }
  return bits;
}

export function gatherOffsets(rows: usize, count: usize, offset: usize, itemBytes: u32, to: usize): i32 {
  let items: u64 = 0;
  store<u32>(to, 0);
  for (; count > 0; count--, rows += 4) {
    items += (load<u32>(<usize>load<u32>(rows) + offset, 4) / itemBytes) as u64;
    if (items >= 0x80000000) return -1;
    to += 4;
    store<u32>(to, items as u32);
  }
  return items as i32;
}

export function gatherItems(rows: usize, bases: usize, count: usize, offset: usize, to: usize): usize {
  const start = to;
  for (; count > 0; count--, rows += 4, bases += 4) {
    const slot = <usize>load<u32>(rows) + offset;
    const length = load<u32>(slot, 4) as usize;
    copyAny(<usize>load<u32>(bases) + <usize>load<u32>(slot), length, to);
    to += length;
  }
  return to - start;
}
