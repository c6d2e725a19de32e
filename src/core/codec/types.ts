import type { Workbench } from "../../kernels/index.js";

/** Names of the codecs of FORMAT.md section 4. */
export type CodecName = "stored" | "lz4" | "zstd";

/** Levels a codec takes. */
export interface CodecLevels {
  readonly min: number;
  readonly max: number;
  readonly default: number;
}

/**
 * One way to compress a block. `encode` and `decodeAt` are synchronous, so that they serve worker threads and the calling thread alike, and
 * deterministic: the same bytes and level give the same stored bytes on every machine and Node version.
 */
export interface Codec {
  /** Its number in the format. */
  readonly id: number;
  readonly name: CodecName;
  /** Absent for a codec without levels: it ignores the level it is given. */
  readonly levels: CodecLevels | undefined;
  /** Must have resolved once in this thread before `encode`, and before `decodeAt` where that cannot do without. */
  load(): Promise<void>;
  /** Whether this thread can call `decodeAt` now. */
  readonly canDecode: boolean;
  /** The stored bytes of `raw` (at most 64 MiB). May be larger than `raw`; may be `raw` itself. */
  encode(raw: Uint8Array, level: number): Uint8Array;
  /**
   * Decodes the `storedLength` bytes at address `from` to `to`, writing nothing outside `[to, to + encodedLength)`. The runs lie apart, but that they may be one
   * where both are as long.
   *
   * @throws HexzError `E_BLOCK_CORRUPT` where the bytes are not one whole block of that length; what is at `to` is then anything.
   */
  decodeAt(bench: Workbench, from: number, storedLength: number, to: number, encodedLength: number): void;
}
