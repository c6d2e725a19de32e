import type { ChecksumId, CodecName } from "../core/codec/index.js";
import { codecByName } from "../core/codec/index.js";
import { MAX_RAW_BLOCK_BYTES } from "../core/format/limits.js";
import { type ResolvedStorageOptions, resolveStorageOptions, type StorageOptions } from "../core/storage/index.js";
import { jsonText } from "../dataset/json-text.js";
import type { JsonValue } from "../dataset/types.js";
import { HexzError } from "../errors.js";
import { defaultThreads } from "../platform/index.js";
import { parseByteSize } from "../util/byte-size.js";
import { assertBoolean, assertInteger, assertKnownKeys, assertOneOf, show } from "../util/options.js";
import { type CutRecipe, contentCut } from "./cut.js";

/** What has been written so far. */
export interface PackProgress {
  /** Raw bytes of the blocks written. */
  readonly bytesIn: number;
  /** Bytes of the file. */
  readonly bytesOut: number;
  readonly records: number;
  readonly blocks: number;
}

/** How a snapshot is packed, apart from its schema. */
export interface PackOptions {
  /** `lz4` decodes fastest, `zstd` is smaller. A block the codec cannot shrink is stored as it is. @default "lz4" */
  readonly codec?: CodecName | undefined;
  /** zstd: 1 (fast) to 19 (small). @default 3 */
  readonly level?: number | undefined;
  /** Of the stored blocks. @default "xxh64" */
  readonly checksum?: "xxh64" | "crc32" | undefined;
  /**
   * Records: `content` ends blocks where the records' hashes say, so that a later version of the data gets mostly equal blocks; `fixed` puts the same
   * number in each. Bytes are always cut at fixed sizes. @default "content"
   */
  readonly cut?: "content" | "fixed" | undefined;
  /**
   * Raw bytes a block should have, or a text like "256 KiB", up to 64 MiB. Content-defined blocks have a quarter to four times as many, so there it is
   * up to 16 MiB.
   * @default 131072
   */
  readonly blockBytes?: number | string | undefined;
  /** Records per block, for `cut: "fixed"`. @default as many as fill `blockBytes` */
  readonly blockRecords?: number | undefined;
  /** Encode threads; 0 encodes on the calling thread. The bytes are the same for any number. @default cores − 1, between 1 and 4 */
  readonly workers?: number | undefined;
  /** Decode every block again before it is written, and check the finished file before it gets its name. @default true */
  readonly verify?: boolean | undefined;
  /** Replace a file that is there already; at any moment readers see the old or the new one. @default false */
  readonly overwrite?: boolean | undefined;
  /** Any JSON to keep with the data. */
  readonly user?: JsonValue | undefined;
  /** How remote storage is reached; the same as for `openDataset`. */
  readonly storage?: StorageOptions | undefined;
  /** Called after every block. */
  readonly onProgress?: ((progress: PackProgress) => void) | undefined;
  /** Ends the packing: it rejects with the signal's reason and leaves nothing behind. */
  readonly signal?: AbortSignal | undefined;
}

/** Pack options with every default filled in. */
export interface ResolvedPackOptions {
  readonly codec: CodecName;
  readonly level: number;
  readonly checksum: ChecksumId;
  readonly cut: CutRecipe;
  readonly blockBytes: number;
  readonly workers: number;
  readonly verify: boolean;
  readonly overwrite: boolean;
  readonly user: JsonValue | undefined;
  readonly onProgress: ((progress: PackProgress) => void) | undefined;
  readonly signal: AbortSignal | undefined;
  readonly storage: ResolvedStorageOptions;
}

const NAMES = [
  "schema",
  "codec",
  "level",
  "checksum",
  "cut",
  "blockBytes",
  "blockRecords",
  "workers",
  "verify",
  "overwrite",
  "user",
  "storage",
  "onProgress",
  "signal",
];
const LATER = ["parent", "encryption", "dedup", "shuffle"];
const CHECKSUMS = { crc32: 1, xxh64: 2 } as const;
const DEFAULT_BLOCK_BYTES = 128 * 1024;
const MIN_BLOCK_BYTES = 64;
const MAX_WORKERS = 64;
const MAX_BLOCK_RECORDS = 2 ** 32 - 1;

/**
 * Checks the options of `pack` for an input of this kind and fills in the defaults.
 *
 * @throws TypeError, RangeError naming the option and the value; HexzError `E_FEATURE` for options of a later version.
 */
export function resolvePackOptions(options: PackOptions, kind: "bytes" | "records"): ResolvedPackOptions {
  assertNotLater(options);
  assertKnownKeys("options", options, NAMES);
  const { codec = "lz4", checksum = "xxh64", verify = true, overwrite = false, user, onProgress, signal } = options;
  const { workers = defaultThreads() } = options;
  assertOneOf("options.codec", codec, ["lz4", "zstd", "stored"]);
  assertOneOf("options.checksum", checksum, ["xxh64", "crc32"]);
  assertInteger("options.workers", workers, 0, MAX_WORKERS);
  assertBoolean("options.verify", verify);
  assertBoolean("options.overwrite", overwrite);
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw new TypeError(`options.onProgress must be a function, got ${show(onProgress)}`);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`options.signal must be an AbortSignal, got ${show(signal)}`);
  }
  const level = resolveLevel(codec, options.level);
  const cut = resolveCut(options, kind);
  const blockBytes = cut.targetBytes;
  const checked = {
    verify,
    overwrite,
    user: checkUser(user),
    storage: resolveStorageOptions(options.storage),
    onProgress,
    signal,
  };
  return { codec, level, checksum: CHECKSUMS[checksum], cut, blockBytes, workers, ...checked };
}

function assertNotLater(options: unknown): void {
  if (typeof options !== "object" || options === null) return;
  const later = LATER.find((name) => name in options);
  if (later === undefined) return;
  throw new HexzError("E_FEATURE", `options.${later} needs a later version of hexz; leave it out`, {
    context: { option: later },
  });
}

function resolveLevel(codec: CodecName, level: number | undefined): number {
  const { levels } = codecByName(codec);
  if (levels !== undefined) {
    assertInteger("options.level", level ?? levels.default, levels.min, levels.max);
    return level ?? levels.default;
  }
  if (level !== undefined)
    throw new RangeError(`options.level must be left out: codec ${codec} has no levels, got ${show(level)}`);
  return 0;
}

function resolveCut(options: PackOptions, kind: "bytes" | "records"): CutRecipe {
  const { cut = "content", blockRecords: records } = options;
  assertOneOf("options.cut", cut, ["content", "fixed"]);
  if (records !== undefined) {
    if (cut !== "fixed") throw new TypeError(`options.blockRecords needs cut: "fixed", got ${show(records)}`);
    assertInteger("options.blockRecords", records, 1, MAX_BLOCK_RECORDS);
  }
  const isContent = cut === "content" && kind === "records";
  const targetBytes = parseByteSize(options.blockBytes ?? DEFAULT_BLOCK_BYTES, "options.blockBytes");
  // The largest content-defined block has four times as many.
  const maxBytes = isContent ? MAX_RAW_BLOCK_BYTES / 4 : MAX_RAW_BLOCK_BYTES;
  assertInteger("options.blockBytes", targetBytes, MIN_BLOCK_BYTES, maxBytes);
  return isContent ? contentCut(targetBytes) : { cut: "fixed", targetBytes, records };
}

function checkUser(user: JsonValue | undefined): JsonValue | undefined {
  const { text, problem } = user === undefined ? { text: "null" } : jsonText(user);
  if (text === undefined) throw new TypeError(`options.user must be a JSON value, got ${problem}`);
  return user === undefined ? undefined : JSON.parse(text);
}
