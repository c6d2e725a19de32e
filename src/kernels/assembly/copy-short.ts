/** Runs longer than this are left to memory.copy, whose call costs as much as some 30 steps of 16 bytes. */
export const LONG_BYTES: usize = 512;

/** Copies 17 bytes or more in steps of 16, the last of them overlapping the one before. */
export function copyMiddling(from: usize, lengthBytes: usize, to: usize): void {
  const last = lengthBytes - 16;
  for (let at: usize = 0; at < last; at += 16) v128.store(to + at, v128.load(from + at));
  v128.store(to + last, v128.load(from + last));
}

/** Copies one to two `T`, as two that overlap. `last` is where the second begins. */
export function copyTwice<T>(from: usize, last: usize, to: usize): void {
  const first = load<T>(from);
  const second = load<T>(from + last);
  store<T>(to, first);
  store<T>(to + last, second);
}

/** Copies a run of any length; the two runs do not overlap. */
export function copyAny(from: usize, lengthBytes: usize, to: usize): void {
  if (lengthBytes > LONG_BYTES) memory.copy(to, from, lengthBytes);
  else if (lengthBytes > 16) copyMiddling(from, lengthBytes, to);
  else if (lengthBytes >= 8) copyTwice<u64>(from, lengthBytes - 8, to);
  else if (lengthBytes >= 4) copyTwice<u32>(from, lengthBytes - 4, to);
  else if (lengthBytes >= 2) copyTwice<u16>(from, lengthBytes - 2, to);
  else if (lengthBytes === 1) store<u8>(to, load<u8>(from));
}
