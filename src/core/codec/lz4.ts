import { compressSync, uncompressSync } from "lz4-napi";
import { assertBlockLength, corruptBlock, exactly } from "./decode-check.js";
import type { Codec } from "./types.js";

/** lz4-napi puts the decoded size before the block, as u32; the format keeps it in the index. */
const PREFIX_BYTES = 4;

/**
 * Codec 1: one LZ4 block (lz4_Block_format.md of the LZ4 project), without size prefix or frame.
 *
 * The package believes its size prefix: a large one blocks the thread for seconds, and one that is larger than the data is not noticed. So the prefix is
 * always the length of the index, within the limit, and the result is measured.
 */
export const lz4: Codec = {
  id: 1,
  name: "lz4",
  levels: undefined,
  load: () => Promise.resolve(),
  encode(raw) {
    assertBlockLength("lz4", raw.length);
    return compressSync(asBuffer(raw)).subarray(PREFIX_BYTES);
  },
  decode(stored, encodedLength) {
    assertBlockLength("lz4", encodedLength);
    const prefixed = Buffer.allocUnsafe(PREFIX_BYTES + stored.length);
    prefixed.writeUInt32LE(encodedLength);
    prefixed.set(stored, PREFIX_BYTES);
    return exactly("lz4", uncompress(prefixed, encodedLength), encodedLength);
  },
  decodeAt: (kernels, from, storedLength, to, encodedLength) =>
    kernels.decodeLz4(from, storedLength, to, encodedLength) === encodedLength,
};

function uncompress(prefixed: Buffer, encodedLength: number): Uint8Array {
  try {
    return uncompressSync(prefixed);
  } catch (cause) {
    throw corruptBlock("lz4", "cannot decode the bytes", encodedLength, { cause });
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
