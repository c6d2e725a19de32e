import { Blake3Hasher, blake3 as hashOne } from "@napi-rs/blake-hash";

/** Bytes of a digest. */
export const BLAKE3_BYTES = 32;

/** BLAKE3-256 (O'Connor, Aumasson, Neves, Wilcox-O'Hearn 2020) of `bytes` and what follows, as if they were one piece. */
export function blake3(bytes: Uint8Array, ...more: readonly Uint8Array[]): Uint8Array {
  if (more.length === 0) return hashOne(bytes);
  const hasher = new Blake3Hasher();
  hasher.update(bytes);
  for (const part of more) hasher.update(part);
  return hasher.digestBuffer();
}
