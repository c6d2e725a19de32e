import { REPEAT_MASKS, REPEAT_STEPS } from "./layout";

/** Output that a short sequence may overwrite, 14 literals and a match of 18 in whole steps of 16 bytes, and some to spare. */
const OUTPUT_SLACK: usize = 64;
/** Input that it may read: a token, 16 bytes of literals, an offset; or one step of long literals. */
const INPUT_SLACK: usize = 32;
/** A length of 15 in the token goes on in bytes that follow, up to one below 255. */
const LONG: usize = 15;
const MIN_MATCH: usize = 4;

/** A place no decoder is at: the block is not valid. */
const REFUSED: u64 = 0;

/** How far a decoder is, in its input and its output. */
function place(at: usize, out: usize): u64 {
  return ((at as u64) << 32) | (out as u64);
}

/**
 * Decodes one LZ4 block (lz4_Block_format.md of the LZ4 project). Sequences far from both ends are copied in steps of 16 or 32 bytes that may go too far, still
 * within input and output; the others exactly. A length is compared with what is left before it is added to an address, so no address wraps.
 *
 * @returns Bytes written, or -1. Bytes of the output after those may have changed.
 */
export function decodeLz4(from: usize, lengthBytes: usize, to: usize, capacityBytes: usize): f64 {
  const inputEnd = from + lengthBytes;
  const outputEnd = to + capacityBytes;
  // The last places from where steps may go too far; before the beginning where there are none.
  const inputFast = lengthBytes >= INPUT_SLACK ? inputEnd - INPUT_SLACK : from - 1;
  const outputFast = capacityBytes >= OUTPUT_SLACK ? outputEnd - OUTPUT_SLACK : to - 1;
  if (lengthBytes === 0) return -1;
  let now = place(from, to);
  do {
    now = decodeFast((now >> 32) as usize, now as usize, inputFast, outputFast, to);
    if (now === REFUSED) return -1;
    now = decodeSequence((now >> 32) as usize, now as usize, inputEnd, outputEnd, to);
    if (now === REFUSED) return -1;
  } while (((now >> 32) as usize) < inputEnd);
  return ((now as usize) - to) as f64;
}

/** Decodes as many sequences as lie before both places, one of which it may be past then. */
function decodeFast(at: usize, out: usize, inputFast: usize, outputFast: usize, to: usize): u64 {
  while (at <= inputFast && out <= outputFast) {
    const sequence = place(at, out);
    const token = load<u8>(at++) as usize;
    const literals = token >> 4;
    if (literals !== LONG) {
      v128.store(out, v128.load(at));
      at += literals;
      out += literals;
    } else {
      const next = lengthEnd(at, inputFast);
      const length = next === 0 ? u64.MAX_VALUE : longLength(at, next);
      if (length > ((inputFast - next) as u64) || length > ((outputFast - out) as u64)) return sequence;
      at = next + (length as usize);
      copyWide(next, out, out + (length as usize));
      out += length as usize;
    }
    const distance = load<u16>(at) as usize;
    at += 2;
    if (distance - 1 >= out - to) return REFUSED; // 0 is huge here
    const match = token & 15;
    if (match !== LONG) {
      if (distance >= 16) copyEighteen(out - distance, out);
      else repeatEighteen(out, distance);
      out += match + MIN_MATCH;
      continue;
    }
    const next = lengthEnd(at, inputFast);
    const length = next === 0 ? u64.MAX_VALUE : longLength(at, next) + MIN_MATCH;
    if (out > outputFast || length > ((outputFast - out) as u64)) return sequence;
    at = next;
    if (distance >= 16) copyWide(out - distance, out, out + (length as usize));
    else repeatWide(out, distance, out + (length as usize));
    out += length as usize;
  }
  return place(at, out);
}

/** Decodes one sequence anywhere; the last one has only literals, and the input ends with it. */
function decodeSequence(at: usize, out: usize, inputEnd: usize, outputEnd: usize, to: usize): u64 {
  const token = load<u8>(at++) as usize;
  let length = (token >> 4) as u64;
  if (length === LONG) {
    const next = lengthEnd(at, inputEnd);
    if (next === 0) return REFUSED;
    length = longLength(at, next);
    at = next;
  }
  if (length > ((inputEnd - at) as u64) || length > ((outputEnd - out) as u64)) return REFUSED;
  memory.copy(out, at, length as usize);
  at += length as usize;
  out += length as usize;
  if (at === inputEnd) return place(at, out);

  if (inputEnd - at < 2) return REFUSED;
  const distance = load<u16>(at) as usize;
  at += 2;
  if (distance - 1 >= out - to) return REFUSED;
  length = ((token & 15) + MIN_MATCH) as u64;
  if (length === LONG + MIN_MATCH) {
    const next = lengthEnd(at, inputEnd);
    if (next === 0) return REFUSED;
    length = longLength(at, next) + MIN_MATCH;
    at = next;
  }
  if (at === inputEnd || length > ((outputEnd - out) as u64)) return REFUSED;
  copyExactly(out, distance, out + (length as usize));
  return place(at, out + (length as usize));
}

/** Address after the bytes that go on with a length, or 0 where it reaches `end`. */
function lengthEnd(at: usize, end: usize): usize {
  while (at < end) {
    if (load<u8>(at++) !== 255) return at;
  }
  return 0;
}

/** The length that the bytes of `[at, next)` go on with. */
function longLength(at: usize, next: usize): u64 {
  return ((next - at - 1) as u64) * 255 + (load<u8>(next - 1) as u64) + LONG;
}

/** Copies from 16 bytes or more behind, up to 31 bytes too far. */
function copyWide(from: usize, to: usize, end: usize): void {
  do {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    to += 32;
    from += 32;
  } while (to < end);
}

/** The longest short match, from 16 bytes or more behind. */
function copyEighteen(from: usize, to: usize): void {
  v128.store(to, v128.load(from));
  store<u16>(to, load<u16>(from, 16), 16);
}

/** The 16 bytes that repeat those from `distance` behind, fewer than 16. */
function pattern(to: usize, distance: usize): v128 {
  return i8x16.swizzle(v128.load(to - distance), v128.load(REPEAT_MASKS + (distance << 4)));
}

/** The largest multiple of `distance` up to 16: so far on, the pattern is the same. */
function patternStep(distance: usize): usize {
  return load<u8>(REPEAT_STEPS + distance) as usize;
}

function repeatEighteen(to: usize, distance: usize): void {
  const repeated = pattern(to, distance);
  v128.store(to, repeated);
  v128.store(to + patternStep(distance), repeated);
}

/** Repeats what is less than 16 bytes behind, up to 15 bytes too far. */
function repeatWide(to: usize, distance: usize, end: usize): void {
  const repeated = pattern(to, distance);
  const step = patternStep(distance);
  do {
    v128.store(to, repeated);
    to += step;
  } while (to < end);
}

function copyExactly(to: usize, distance: usize, end: usize): void {
  if (distance >= 16) {
    for (; end - to >= 16; to += 16) v128.store(to, v128.load(to - distance));
  } else if (end - to >= 16) {
    const repeated = pattern(to, distance);
    const step = patternStep(distance);
    for (; end - to >= 16; to += step) v128.store(to, repeated);
  }
  for (; to < end; to++) store<u8>(to, load<u8>(to - distance));
}
