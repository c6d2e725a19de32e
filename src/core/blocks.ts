import { HexzError, isHexzError } from "../errors.js";
import type { ChecksumId } from "./codec/checksum.js";
import { blake3, checksumOf, codecById, codecByName } from "./codec/index.js";
import type { CodecName } from "./codec/types.js";
import type { BlockEntry } from "./format/block-page.js";
import { restoreRows, splitColumns } from "./format/columns.js";
import type { RowLayout } from "./format/row-layout.js";

/** Block layouts of FORMAT.md section 4. */
export const LAYOUT_RAW = 0;
export const LAYOUT_COLUMNS = 1;

/** What decoding the blocks of one snapshot needs. Plain data: it is cloned to workers as it is. */
export interface BlockRecipe {
  /** How errors call the snapshot. */
  readonly name: string;
  readonly checksum: ChecksumId;
  /** Rows of kind `records`; absent for kind `bytes`. */
  readonly rows: RowLayout | undefined;
}

/**
 * Checks and decodes one block into `target` (exactly `entry.rawLength` bytes, may be shared memory): checksum, codec, exact length, rows
 * restored. Synchronous; needs `loadCodecs()` and `loadChecksums()` before.
 *
 * @throws HexzError `E_BLOCK_CORRUPT` with the block's number and offset; `E_CODEC` for an unknown codec.
 */
export function decodeBlock(stored: Uint8Array, entry: BlockEntry, recipe: BlockRecipe, target: Uint8Array): void {
  try {
    assertChecksum(stored, entry, recipe.checksum);
    const encoded = codecById(entry.codec).decode(stored, entry.encodedLength);
    if (encoded.length !== entry.encodedLength || target.length !== entry.rawLength) {
      throw corrupt(`decoded to ${encoded.length} bytes, the index says ${entry.encodedLength}`);
    }
    restore(encoded, entry, recipe.rows, target);
  } catch (cause) {
    throw located(cause, entry, recipe.name);
  }
}

function assertChecksum(stored: Uint8Array, entry: BlockEntry, checksum: ChecksumId): void {
  const actual = checksumOf(checksum, stored);
  if (actual.low !== entry.checksumLow || actual.high !== entry.checksumHigh) {
    throw corrupt("does not match its checksum");
  }
}

function restore(encoded: Uint8Array, entry: BlockEntry, rows: RowLayout | undefined, target: Uint8Array): void {
  if (entry.layout === LAYOUT_RAW) {
    if (rows !== undefined && !(rows.isPlain && target.length === entry.count * rows.strideBytes)) {
      throw corrupt("stores its rows as they are, which this schema does not allow");
    }
    if (encoded.length !== target.length)
      throw corrupt(`holds ${encoded.length} raw bytes, the index says ${target.length}`);
    target.set(encoded);
  } else if (entry.layout === LAYOUT_COLUMNS && rows !== undefined) {
    restoreRows(encoded, entry.count, rows, target);
  } else {
    throw corrupt(`has the unknown layout ${entry.layout}`);
  }
}

function corrupt(what: string): HexzError {
  return new HexzError("E_BLOCK_CORRUPT", what);
}

/** Says which block of which file failed, whatever layer noticed. */
function located(cause: unknown, entry: BlockEntry, name: string): HexzError {
  const code = isHexzError(cause) ? cause.code : "E_BLOCK_CORRUPT";
  const what = cause instanceof Error ? cause.message : String(cause);
  const where = `block ${entry.block} of ${name} at offset ${entry.offset}`;
  return new HexzError(code, `${where} is damaged (${what}); restore the file from a good copy`, {
    context: { source: name, block: entry.block, offset: entry.offset, storedLength: entry.storedLength },
    cause,
  });
}

/** How blocks are written. Plain data: it is cloned to workers as it is. */
export interface EncodeRecipe {
  readonly codec: CodecName;
  readonly level: number;
  readonly checksum: ChecksumId;
  readonly rows: RowLayout | undefined;
  /** One filter id per stream of the columns (FORMAT.md 6.3). */
  readonly filters: readonly number[];
  /** Decode every block again and compare before it is written. */
  readonly verify: boolean;
}

/** A block ready to be written: its bytes, and its entry but for number and place. */
export interface EncodedBlock {
  readonly stored: Uint8Array;
  readonly entry: Omit<BlockEntry, "block" | "offset" | "source">;
  /** BLAKE3-256 of the raw bytes. */
  readonly hash: Uint8Array;
}

/**
 * Encodes the raw bytes of a block of `count` records (0 for kind `bytes`): columns, filters, codec, checksum. Kept stored where the codec does not
 * make it smaller. Pure and deterministic.
 *
 * @throws HexzError `E_BLOCK_CORRUPT` where decoding does not give the same bytes again: a bug in a codec, caught before it is published.
 */
export function encodeBlock(raw: Uint8Array, count: number, recipe: EncodeRecipe): EncodedBlock {
  const layout =
    recipe.rows === undefined || (recipe.rows.isPlain && recipe.filters.every((id) => id === 0))
      ? LAYOUT_RAW
      : LAYOUT_COLUMNS;
  const encoded =
    layout === LAYOUT_COLUMNS && recipe.rows !== undefined
      ? splitColumns(raw, count, recipe.rows, recipe.filters)
      : raw;
  const wanted = codecByName(recipe.codec);
  const packed = wanted.encode(encoded, recipe.level);
  const smaller = packed.length < encoded.length;
  const stored = smaller ? packed : encoded;
  const sum = checksumOf(recipe.checksum, stored);
  const entry = {
    storedLength: stored.length,
    encodedLength: encoded.length,
    rawLength: raw.length,
    count,
    checksumLow: sum.low,
    checksumHigh: sum.high,
    codec: smaller ? wanted.id : codecByName("stored").id,
    layout,
  };
  if (recipe.verify) assertRoundTrip(raw, stored, entry, recipe);
  return { stored, entry, hash: blake3(raw) };
}

function assertRoundTrip(
  raw: Uint8Array,
  stored: Uint8Array,
  entry: EncodedBlock["entry"],
  recipe: EncodeRecipe,
): void {
  const again = new Uint8Array(raw.length);
  decodeBlock(
    stored,
    { ...entry, block: 0, offset: 0, source: 0 },
    { name: "the block just encoded", ...recipe },
    again,
  );
  if (Buffer.compare(raw, again) !== 0)
    throw corrupt("a block decodes to other bytes than were encoded: a bug in its codec; nothing was published");
}
