import type { Kernels } from "../../kernels/index.js";

/** Names of the codecs of FORMAT.md section 4. */
export type CodecName = "stored" | "lz4" | "zstd";

/** Levels a codec takes. */
export interface CodecLevels {
  readonly min: number;
  readonly max: number;
  readonly default: number;
}

/**
 * One way to compress a block. `encode` and `decode` are synchronous, so that they serve worker threads and the calling thread alike, and
 * deterministic: the same bytes and level give the same stored bytes on every machine and Node version.
 */
export interface Codec {
  /** Its number in the format. */
  readonly id: number;
  readonly name: CodecName;
  /** Absent for a codec without levels: it ignores the level it is given. */
  readonly levels: CodecLevels | undefined;
  /** Must have resolved once in this thread before `encode` or `decode`. */
  load(): Promise<void>;
  /** The stored bytes of `raw` (at most 64 MiB). May be larger than `raw`; may be `raw` itself. */
  encode(raw: Uint8Array, level: number): Uint8Array;
  /**
   * The `encodedLength` bytes that `stored` holds, or an error: never another length. May be a view of `stored`. Both may be shared memory.
   *
   * @throws HexzError `E_BLOCK_CORRUPT` where the bytes are not one whole block of that length; `E_LIMIT` above 64 MiB.
   */
  decode(stored: Uint8Array, encodedLength: number): Uint8Array;
  /**
   * The same in place: decodes `storedLength` bytes at address `from` to `to`, writing nothing outside `[to, to + encodedLength)`. Absent where the codec has no kernel.
   *
   * @returns Whether the bytes are one whole block of that length.
   */
  decodeAt?(kernels: Kernels, from: number, storedLength: number, to: number, encodedLength: number): boolean;
}
