import { HexzError } from "../errors.js";
import { blockRoom } from "./block-decoder.js";
import type { ChecksumId } from "./codec/checksum.js";
import { blake3, checksumOf, codecByName } from "./codec/index.js";
import type { CodecName } from "./codec/types.js";
import type { BlockEntry } from "./format/block-page.js";
import { LAYOUT_COLUMNS, LAYOUT_RAW } from "./format/block-page.js";
import { splitColumns } from "./format/columns.js";
import type { RowLayout } from "./format/row-layout.js";

/** What decoding the blocks of one snapshot needs. Plain data: it is cloned to workers as it is. */
export interface BlockRecipe {
  /** How errors call the snapshot. */
  readonly name: string;
  /** Number of the header's codec: that of all blocks but those kept stored. `loadDecoder` loads it. */
  readonly codec: number;
  readonly checksum: ChecksumId;
  /** Rows of kind `records`; absent for kind `bytes`. */
  readonly rows: RowLayout | undefined;
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
  { checksum, rows }: EncodeRecipe,
): void {
  const recipe = { name: "the block just encoded", codec: entry.codec, checksum, rows };
  const room = blockRoom({ ...entry, block: 0, offset: 0, source: 0 }, recipe);
  room.stored.set(stored);
  if (Buffer.compare(raw, room.decode()) === 0) return;
  const message = "a block decodes to other bytes than were encoded: a bug in its codec; nothing was published";
  throw new HexzError("E_BLOCK_CORRUPT", message);
}
