/** Runs longer than this are left to memory.copy, whose call costs as much as some 30 steps of 16 bytes. */
export const LONG_BYTES: usize = 512;

/** Copies 17 to {@link LONG_BYTES} bytes in steps of 16, the last of them overlapping the one before. */
export function copyMiddling(from: usize, lengthBytes: usize, to: usize): void {
  const last = lengthBytes - 16;
  for (let at: usize = 0; at < last; at += 16) v128.store(to + at, v128.load(from + at));
  v128.store(to + last, v128.load(from + last));
}

/** Copies up to 16 bytes, as two runs that may overlap. */
export function copyShort(from: usize, lengthBytes: usize, to: usize): void {
  if (lengthBytes >= 8) copyTwice<u64>(from, to, lengthBytes - 8);
  else if (lengthBytes >= 4) copyTwice<u32>(from, to, lengthBytes - 4);
  else if (lengthBytes >= 2) copyTwice<u16>(from, to, lengthBytes - 2);
  else if (lengthBytes === 1) store<u8>(to, load<u8>(from));
}

function copyTwice<T>(from: usize, to: usize, last: usize): void {
  const first = load<T>(from);
  const second = load<T>(from + last);
  store<T>(to, first);
  store<T>(to + last, second);
}

export function copyAny(from: usize, lengthBytes: usize, to: usize): void {
  if (lengthBytes > LONG_BYTES) memory.copy(to, from, lengthBytes);
  else if (lengthBytes > 16) copyMiddling(from, lengthBytes, to);
  else copyShort(from, lengthBytes, to);
}
