import { HexzError, isHexzError } from "../errors.js";
import type { Workbench } from "../kernels/index.js";
import { RESERVED_BYTES } from "../kernels/index.js";
import type { BlockRecipe } from "./blocks.js";
import { decoderById, threadBench } from "./codec/index.js";
import type { BlockEntry } from "./format/block-page.js";
import { LAYOUT_COLUMNS, LAYOUT_RAW } from "./format/block-page.js";
import { FILTERS_ALIGNMENT } from "./format/columns.js";
import { MAX_RAW_BLOCK_BYTES } from "./format/limits.js";
import { restoreRowsAt } from "./format/restore-rows.js";
import type { RowLayout } from "./format/row-layout.js";
import { align } from "./format/row-layout.js";

/** Parts of a block in memory begin at multiples of this. */
const PART_ALIGNMENT = 64;

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
  return align(maxRawBytes + align(2 * fields, FILTERS_ALIGNMENT) + fields, PART_ALIGNMENT);
}

/** Room in the memory of this thread for decoding one block, until the next room is made. */
export interface BlockRoom {
  /** For the stored bytes, to be filled first. */
  readonly stored: Uint8Array;
  /**
   * Compares the stored bytes with their checksum, no more.
   *
   * @throws HexzError `E_BLOCK_CORRUPT` with the block's number and offset.
   */
  check(): void;
  /**
   * Checks and decodes the stored bytes.
   *
   * @returns The raw bytes: a view, gone with the room.
   * @throws HexzError As {@link decodeBlockAt}.
   */
  decode(): Uint8Array;
}

/**
 * Room for one block, for callers who have its bytes or can read them at once. All use of it ends before anything else runs in this thread.
 *
 * @throws HexzError `E_LIMIT` where the entry has lengths that no block may have, or the system has no more memory.
 */
export function blockRoom(entry: BlockEntry, recipe: BlockRecipe): BlockRoom {
  assertLengths(entry, recipe.name);
  const { place, end } = placeIn(entry, recipe.rows);
  const bench = threadBench(end - RESERVED_BYTES);
  return {
    stored: new Uint8Array(bench.memory.buffer, place.stored, entry.storedLength),
    check: () => locating(entry, recipe, () => assertChecksum(bench, entry, recipe, place.stored)),
    decode() {
      decodeBlockAt(bench, entry, recipe, place);
      return new Uint8Array(bench.memory.buffer, place.target, entry.rawLength);
    },
  };
}

/** Bytes that nothing has to be done to stay where they are. */
function placeIn({ codec, layout, storedLength, rawLength }: BlockEntry, rows: RowLayout | undefined) {
  const isInPlace = codec === 0 && layout === LAYOUT_RAW && storedLength === rawLength;
  const stored = RESERVED_BYTES;
  const target = isInPlace ? stored : stored + align(storedLength, PART_ALIGNMENT);
  const scratch = target + align(rawLength, PART_ALIGNMENT);
  const end = scratch + (layout === LAYOUT_RAW ? 0 : scratchBytes(rawLength, rows));
  return { place: { stored, target, scratch }, end };
}

function assertLengths({ block, storedLength, encodedLength, rawLength }: BlockEntry, name: string): void {
  for (const length of [storedLength, encodedLength, rawLength]) {
    if (Number.isInteger(length) && length >= 0 && length <= MAX_RAW_BLOCK_BYTES) continue;
    const message = `block ${block} of ${name} has ${length} bytes, the limit is ${MAX_RAW_BLOCK_BYTES}`;
    throw new HexzError("E_LIMIT", message, { context: { source: name, block, length, limit: MAX_RAW_BLOCK_BYTES } });
  }
}

/**
 * Checks and decodes one block into `target` (exactly `entry.rawLength` bytes, may be shared memory). Synchronous; `loadDecoder(entry.codec)` must have resolved
 * before.
 *
 * @throws HexzError `E_LIMIT` for lengths that no block may have; as {@link decodeBlockAt} otherwise. RangeError where `stored` or `target` have other lengths than the entry.
 */
export function decodeBlock(stored: Uint8Array, entry: BlockEntry, recipe: BlockRecipe, target: Uint8Array): void {
  if (stored.length !== entry.storedLength || target.length !== entry.rawLength) {
    const actual = `${stored.length} and ${target.length}`;
    throw new RangeError(
      `stored and target must have ${entry.storedLength} and ${entry.rawLength} bytes, got ${actual}`,
    );
  }
  const room = blockRoom(entry, recipe);
  room.stored.set(stored);
  target.set(room.decode());
}

/**
 * Checks and decodes one block in place: checksum, codec, exact length, rows restored. Synchronous; `loadDecoder(entry.codec)` must have resolved before.
 *
 * @throws HexzError `E_BLOCK_CORRUPT` with the block's number and offset; `E_CODEC` for a codec that is unknown, or not loaded in this thread.
 */
export function decodeBlockAt(bench: Workbench, entry: BlockEntry, recipe: BlockRecipe, place: BlockPlace): void {
  locating(entry, recipe, () => {
    assertChecksum(bench, entry, recipe, place.stored);
    if (entry.layout === LAYOUT_RAW) decodeRaw(bench, entry, recipe, place);
    else if (entry.layout === LAYOUT_COLUMNS && recipe.rows !== undefined)
      decodeColumns(bench, entry, recipe.rows, place);
    else throw corrupt(`has the unknown layout ${entry.layout}`);
  });
}

function decodeRaw(bench: Workbench, entry: BlockEntry, { rows }: BlockRecipe, { stored, target }: BlockPlace): void {
  const { storedLength, encodedLength, rawLength } = entry;
  if (rows !== undefined && !(rows.isPlain && rawLength === entry.count * rows.strideBytes)) {
    throw corrupt("stores its rows as they are, which this schema does not allow");
  }
  if (encodedLength !== rawLength) throw corrupt(`holds ${encodedLength} raw bytes, the index says ${rawLength}`);
  decoderById(entry.codec).decodeAt(bench, stored, storedLength, target, encodedLength);
}

function decodeColumns(bench: Workbench, entry: BlockEntry, rows: RowLayout, place: BlockPlace): void {
  const { storedLength, encodedLength, rawLength } = entry;
  const room = maxEncodedBytes(rawLength, rows);
  if (encodedLength > room) throw corrupt("has more encoded bytes than its rows can");
  const at = entry.codec === 0 ? place.stored : place.scratch;
  decoderById(entry.codec).decodeAt(bench, place.stored, storedLength, at, encodedLength);
  const target = { at: place.target, length: rawLength };
  restoreRowsAt(bench, { at, length: encodedLength }, entry.count, rows, target, place.scratch + room);
}

function assertChecksum({ kernels }: Workbench, entry: BlockEntry, { checksum }: BlockRecipe, stored: number): void {
  const { storedLength, checksumLow, checksumHigh } = entry;
  const matches =
    checksum === 1
      ? checksumHigh === 0 && kernels.matchesCrc32(stored, storedLength, checksumLow)
      : kernels.matchesXxh64(stored, storedLength, checksumLow, checksumHigh);
  if (!matches) throw corrupt("does not match its checksum");
}

function corrupt(what: string): HexzError {
  return new HexzError("E_BLOCK_CORRUPT", what);
}

/** Says which block of which file failed, whatever layer noticed. */
function locating(entry: BlockEntry, { name }: BlockRecipe, work: () => void): void {
  try {
    work();
  } catch (cause) {
    const code = isHexzError(cause) ? cause.code : "E_BLOCK_CORRUPT";
    const what = cause instanceof Error ? cause.message : String(cause);
    const where = `block ${entry.block} of ${name} at offset ${entry.offset}`;
    const message =
      code === "E_CODEC"
        ? `${where} cannot be decoded (${what})`
        : `${where} is damaged (${what}); restore the file from a good copy`;
    const context = { source: name, block: entry.block, offset: entry.offset, storedLength: entry.storedLength };
    throw new HexzError(code, message, { context, cause });
  }
}
