import { compressSync } from "lz4-napi";
import { assertBlockLength, corruptBlock } from "./decode-check.js";
import type { Codec } from "./types.js";

/** lz4-napi puts the decoded size before the block, as u32; the format keeps it in the index. */
const PREFIX_BYTES = 4;

/**
 * Codec 1: one LZ4 block (lz4_Block_format.md of the LZ4 project), without size prefix or frame. Encoded by native code, decoded by a kernel in place: the
 * package's decoder believes its size prefix, where a large one blocks the thread for seconds.
 */
export const lz4: Codec = {
  id: 1,
  name: "lz4",
  levels: undefined,
  load: () => Promise.resolve(),
  canDecode: true,
  encode(raw) {
    assertBlockLength("lz4", raw.length);
    return compressSync(asBuffer(raw)).subarray(PREFIX_BYTES);
  },
  decodeAt({ kernels }, from, storedLength, to, encodedLength) {
    const length = kernels.decodeLz4(from, storedLength, to, encodedLength);
    if (length < 0) throw corruptBlock("lz4", "cannot decode the bytes", encodedLength);
    if (length !== encodedLength) throw corruptBlock("lz4", `gave ${length} bytes`, encodedLength);
  },
};

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
