import { REPEAT_MASKS } from "./layout";

/** Bytes that must be left of the output where a short sequence is copied 16 bytes at a time: 14 literals + 16, then 18 of a match rounded up to 32. */
const OUTPUT_SLACK: usize = 64;
/** The same for the input: a token, 16 bytes of literals, an offset. */
const INPUT_SLACK: usize = 32;

/**
 * Decodes one LZ4 block (lz4_Block_format.md of the LZ4 project). Sequences far from both ends are copied in steps of 16 bytes that may write more than asked, still within
 * the output; the rest byte for byte. Lengths are compared with what is left before they are used, so no sum can wrap.
 *
 * @returns Bytes written, or -1.
 */
export function decodeLz4(from: usize, lengthBytes: usize, to: usize, capacityBytes: usize): f64 {
  const inputEnd = from + lengthBytes;
  const outputEnd = to + capacityBytes;
  // The last places where a sequence may be copied in wide steps; below the beginnings where there is none.
  const inputFast = lengthBytes >= INPUT_SLACK ? inputEnd - INPUT_SLACK : from - 1;
  const outputFast = capacityBytes >= OUTPUT_SLACK ? outputEnd - OUTPUT_SLACK : to - 1;
  let at = from;
  let out = to;
  while (at < inputEnd) {
    const token = load<u8>(at++) as usize;
    let literals = token >> 4;
    if (literals !== 15 && at <= inputFast && out <= outputFast) {
      v128.store(out, v128.load(at));
    } else {
      if (literals === 15) {
        let more: usize;
        do {
          if (at >= inputEnd) return -1;
          more = load<u8>(at++) as usize;
          literals += more;
          if (literals > outputEnd - out) return -1;
        } while (more === 255);
      }
      if (literals > inputEnd - at || literals > outputEnd - out) return -1;
      memory.copy(out, at, literals);
    }
    at += literals;
    out += literals;
    if (at === inputEnd) return (out - to) as f64;
    if (inputEnd - at < 2) return -1;
    const offset = load<u16>(at) as usize;
    at += 2;
    if (offset === 0 || offset > out - to) return -1;
    let length = (token & 15) + 4;
    if (length === 19) {
      let more: usize;
      do {
        if (at >= inputEnd) return -1;
        more = load<u8>(at++) as usize;
        length += more;
        if (length > outputEnd - out) return -1;
      } while (more === 255);
    }
    if (length > outputEnd - out) return -1;
    const matchEnd = out + length;
    let match = out - offset;
    if (offset >= 16 && outputEnd - matchEnd >= 16) {
      for (; out < matchEnd; out += 16, match += 16) v128.store(out, v128.load(match));
    } else {
      for (; out < matchEnd; out++, match++) store<u8>(out, load<u8>(match));
    }
    out = matchEnd;
  }
  return -1;
}
