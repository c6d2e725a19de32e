import type { Views } from "./views.js";

const MIN_MATCH_BYTES = 4;
/** A length of 15 in the token goes on in bytes that follow, up to one below 255. */
const LONG_LENGTH = 15;

/** Where the decoder stands. */
interface Cursor {
  at: number;
  readonly end: number;
}

/** Decodes one LZ4 block (lz4_Block_format.md of the LZ4 project). */
export function decodeLz4(
  { bytes }: Views,
  from: number,
  lengthBytes: number,
  to: number,
  capacityBytes: number,
): number {
  const input: Cursor = { at: from, end: from + lengthBytes };
  const limit = to + capacityBytes;
  let out = to;
  while (input.at < input.end) {
    const token = bytes[input.at++] ?? 0;
    const literals = readLength(bytes, input, token >> 4, limit - out);
    if (literals < 0 || literals > input.end - input.at) return -1;
    bytes.copyWithin(out, input.at, input.at + literals);
    input.at += literals;
    out += literals;
    if (input.at === input.end) return out - to;
    if (input.end - input.at < 2) return -1;
    const distance = (bytes[input.at] ?? 0) | ((bytes[input.at + 1] ?? 0) << 8);
    input.at += 2;
    if (distance === 0 || distance > out - to) return -1;
    const length = readLength(bytes, input, token & 15, limit - out - MIN_MATCH_BYTES);
    if (length < 0) return -1;
    // Byte by byte: a match may overlap what it writes.
    for (const matchEnd = out + length + MIN_MATCH_BYTES; out < matchEnd; out++)
      bytes[out] = bytes[out - distance] ?? 0;
  }
  return -1;
}

/** A length that begins with 4 bits of the token, or −1 where it is over `most` or the input ends. */
function readLength(bytes: Uint8Array, input: Cursor, bits: number, most: number): number {
  let length = bits;
  for (let more = bits === LONG_LENGTH ? 255 : 0; more === 255; length += more) {
    if (input.at === input.end) return -1;
    more = bytes[input.at++] ?? 0;
  }
  return length <= most ? length : -1;
}
