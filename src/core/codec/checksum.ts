import { crc32 } from "node:zlib";
import xxhash, { type XXHashAPI } from "xxhash-wasm";
import { HexzError } from "../../errors.js";

/** Checksums of stored blocks: 1 CRC32 of zlib's polynomial, 2 XXH64 with seed 0. */
export type ChecksumId = 1 | 2;

/** A checksum as unsigned 32-bit halves; `high` is 0 for CRC32. */
export interface Checksum {
  readonly low: number;
  readonly high: number;
}

let loading: Promise<void> | undefined;
let xxh: XXHashAPI | undefined;

/** Must have resolved once in this thread before {@link checksumOf}. */
export function loadChecksums(): Promise<void> {
  loading ??= xxhash().then((api) => {
    xxh = api;
  });
  return loading;
}

/** The checksum of `bytes`, which may be shared memory. */
export function checksumOf(id: ChecksumId, bytes: Uint8Array): Checksum {
  if (id === 1) return { low: crc32(bytes), high: 0 };
  if (id !== 2) throw new HexzError("E_CORRUPT", `unknown checksum ${id}; this version knows 1 (CRC32) and 2 (XXH64)`);
  if (xxh === undefined) throw new Error("loadChecksums() must resolve before checksumOf()");
  const hash = xxh.h64Raw(bytes, 0n);
  return { low: Number(hash & 0xffffffffn), high: Number(hash >> 32n) };
}
