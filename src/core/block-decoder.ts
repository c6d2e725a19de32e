import { HexzError, isHexzError } from "../errors.js";
import type { Workbench } from "../kernels/index.js";
import type { BlockRecipe } from "./blocks.js";
import { LAYOUT_COLUMNS, LAYOUT_RAW } from "./blocks.js";
import { codecById } from "./codec/index.js";
import type { BlockEntry } from "./format/block-page.js";
import { FILTERS_ALIGNMENT } from "./format/columns.js";
import { restoreRowsAt } from "./format/restore-rows.js";
import type { RowLayout } from "./format/row-layout.js";
import { align } from "./format/row-layout.js";

/** Where a block is decoded, as addresses in the memory of a workbench. The three runs lie apart, but that `stored` may be `target`. */
export interface BlockPlace {
  /** The stored bytes. */
  readonly stored: number;
  /** Where the raw bytes go. */
  readonly target: number;
  /** Room for {@link scratchBytes}. */
  readonly scratch: number;
}

/** Scratch that decoding any block of at most `maxRawBytes` takes. */
export function scratchBytes(maxRawBytes: number, rows: RowLayout | undefined): number {
  return 2 * maxEncodedBytes(maxRawBytes, rows);
}

/** The most encoded bytes a block of `maxRawBytes` has: filter ids and the last byte of each bitmap come on top. Its stored bytes are not more. */
export function maxEncodedBytes(maxRawBytes: number, rows: RowLayout | undefined): number {
  const fields = rows?.columns.length ?? 0;
  return align(maxRawBytes + align(2 * fields, FILTERS_ALIGNMENT) + fields, 64);
}

/**
 * Checks and decodes one block in place: checksum, codec, exact length, rows restored. Synchronous; codecs without a kernel need `loadCodecs()` before.
 *
 * @throws HexzError `E_BLOCK_CORRUPT` with the block's number and offset; `E_CODEC` for an unknown codec.
 */
export function decodeBlockAt(bench: Workbench, entry: BlockEntry, recipe: BlockRecipe, place: BlockPlace): void {
  try {
    assertChecksum(bench, entry, recipe, place.stored);
    if (entry.layout === LAYOUT_RAW) {
      assertPlain(entry, recipe);
      decodeTo(bench, entry, place.stored, place.target);
    } else if (entry.layout === LAYOUT_COLUMNS && recipe.rows !== undefined) {
      if (entry.encodedLength > maxEncodedBytes(entry.rawLength, recipe.rows))
        throw corrupt("has more encoded bytes than its rows can");
      const at = entry.codec === 0 ? place.stored : place.scratch;
      decodeTo(bench, entry, place.stored, at);
      const target = { at: place.target, length: entry.rawLength };
      const free = place.scratch + maxEncodedBytes(entry.rawLength, recipe.rows);
      restoreRowsAt(bench, { at, length: entry.encodedLength }, entry.count, recipe.rows, target, free);
    } else {
      throw corrupt(`has the unknown layout ${entry.layout}`);
    }
  } catch (cause) {
    throw located(cause, entry, recipe.name);
  }
}

function assertChecksum({ kernels }: Workbench, entry: BlockEntry, { checksum }: BlockRecipe, stored: number): void {
  const { storedLength, checksumLow, checksumHigh } = entry;
  const matches =
    checksum === 1
      ? checksumHigh === 0 && kernels.matchesCrc32(stored, storedLength, checksumLow)
      : kernels.matchesXxh64(stored, storedLength, checksumLow, checksumHigh);
  if (!matches) throw corrupt("does not match its checksum");
}

function assertPlain(entry: BlockEntry, { rows }: BlockRecipe): void {
  if (rows !== undefined && !(rows.isPlain && entry.rawLength === entry.count * rows.strideBytes)) {
    throw corrupt("stores its rows as they are, which this schema does not allow");
  }
  if (entry.encodedLength !== entry.rawLength) {
    throw corrupt(`holds ${entry.encodedLength} raw bytes, the index says ${entry.rawLength}`);
  }
}

/** Undoes the codec: the `encodedLength` bytes stand at `to` afterwards. */
function decodeTo({ memory, kernels }: Workbench, entry: BlockEntry, stored: number, to: number): void {
  const { storedLength, encodedLength } = entry;
  const codec = codecById(entry.codec);
  if (codec.id === 0) {
    if (storedLength !== encodedLength) throw corrupt(`stores ${storedLength} bytes, the index says ${encodedLength}`);
    if (stored !== to) kernels.copy(stored, storedLength, to);
  } else if (codec.decodeAt === undefined) {
    const decoded = codec.decode(new Uint8Array(memory.buffer, stored, storedLength), encodedLength);
    new Uint8Array(memory.buffer, to, encodedLength).set(decoded);
  } else if (!codec.decodeAt(kernels, stored, storedLength, to, encodedLength)) {
    throw corrupt(`is not one ${codec.name} block of ${encodedLength} bytes`);
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
