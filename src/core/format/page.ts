import { HexzError } from "../../errors.js";
import { decodeBytes } from "../codec/decode-bytes.js";
import { codecByName } from "../codec/registry.js";

/** The stored bytes of a page: LZ4 where that is smaller, else as they are (FORMAT.md 5.1). Pure. */
export function packPage(raw: Uint8Array): Uint8Array {
  const packed = codecByName("lz4").encode(raw, 0);
  return packed.length < raw.length ? packed : raw;
}

/**
 * The raw bytes of a page. Check its hash first.
 *
 * @throws HexzError `E_CORRUPT` where they do not have `rawLength` bytes.
 */
export function unpackPage(stored: Uint8Array, rawLength: number, what: string): Uint8Array {
  if (stored.length === rawLength) return stored;
  try {
    return decodeBytes(codecByName("lz4"), stored, rawLength);
  } catch (cause) {
    throw new HexzError("E_CORRUPT", `${what} does not decode to its ${rawLength} bytes`, {
      context: { rawLength },
      cause,
    });
  }
}
