/**
 * Codecs, checksums, hashes and filters: bytes in, bytes out, synchronous and deterministic once loaded. Knows nothing of files.
 *
 * Receives the stored bytes of a block with the length the index promises; gives exactly that many bytes, or a `HexzError`. Codecs decode in place, in the
 * memory of a workbench; this thread has one of its own for those who have bytes (`thread-bench.ts`). Invariants: nothing is allocated for a length over the limit; no exception of a codec package escapes unwrapped; the same input and level give the same bytes on every
 * platform. A codec notices damage only by chance: compare the checksum of the stored bytes first.
 *
 * @module
 */
export { BLAKE3_BYTES, blake3 } from "./blake3.js";
export { byteShuffle } from "./byte-shuffle.js";
export { type Checksum, type ChecksumId, checksumOf, loadChecksums } from "./checksum.js";
export { decodeBytes } from "./decode-bytes.js";
export { codecById, codecByName, decoderById, loadCodecs, loadDecoder } from "./registry.js";
export { threadBench } from "./thread-bench.js";
export type { Codec, CodecLevels, CodecName } from "./types.js";
