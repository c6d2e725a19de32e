import { HexzError } from "../../errors.js";
import { align } from "./row-layout.js";

/** Layouts of a block's raw bytes (FORMAT.md section 4). */
export const LAYOUT_RAW = 0;
export const LAYOUT_COLUMNS = 1;

/** One block of the index (FORMAT.md 5.3). */
export interface BlockEntry {
  /** Number of the block in the snapshot, from 0. */
  readonly block: number;
  /** 0: this file; n: the n-th ancestor. */
  readonly source: number;
  /** Where its stored bytes begin. */
  readonly offset: number;
  readonly storedLength: number;
  /** Bytes the codec gives. */
  readonly encodedLength: number;
  /** Bytes after restoring. */
  readonly rawLength: number;
  /** Records; 0 for kind `bytes`. */
  readonly count: number;
  readonly checksumLow: number;
  readonly checksumHigh: number;
  readonly codec: number;
  readonly layout: number;
}

/** Bytes of one entry, all columns together. */
export const BLOCK_ENTRY_BYTES = 36;

/** A block page as typed arrays, each as long as the padded page. */
export interface BlockPage {
  /** Number of the page's first block. */
  readonly firstBlock: number;
  /** Real entries. */
  readonly length: number;
  readonly offsetLow: Uint32Array;
  readonly offsetHigh: Uint32Array;
  readonly storedLength: Uint32Array;
  readonly encodedLength: Uint32Array;
  readonly rawLength: Uint32Array;
  readonly count: Uint32Array;
  readonly checksumLow: Uint32Array;
  readonly checksumHigh: Uint32Array;
  readonly source: Uint16Array;
  readonly codec: Uint8Array;
  readonly layout: Uint8Array;
}

/** Entries of a page as stored: padded to whole words. */
export function paddedEntries(length: number): number {
  return align(length, 4);
}

/** Raw bytes of a page of `length` entries. */
export function blockPageBytes(length: number): number {
  return BLOCK_ENTRY_BYTES * paddedEntries(length);
}

/** Views of `bytes` (which must be 4-byte aligned, as fresh buffers are) as the columns of a page. */
function columnsOf(bytes: Uint8Array, firstBlock: number, length: number): BlockPage {
  const padded = paddedEntries(length);
  const u32 = (column: number) => new Uint32Array(bytes.buffer, bytes.byteOffset + 4 * padded * column, padded);
  const u8 = (start: number) => new Uint8Array(bytes.buffer, bytes.byteOffset + start * padded, padded);
  return {
    firstBlock,
    length,
    offsetLow: u32(0),
    offsetHigh: u32(1),
    storedLength: u32(2),
    encodedLength: u32(3),
    rawLength: u32(4),
    count: u32(5),
    checksumLow: u32(6),
    checksumHigh: u32(7),
    source: new Uint16Array(bytes.buffer, bytes.byteOffset + 32 * padded, padded),
    codec: u8(34),
    layout: u8(35),
  };
}

/**
 * Reads a block page as typed arrays over a copy of `bytes`, without a loop per field.
 *
 * @throws HexzError `E_CORRUPT` where the length or the padding is wrong.
 */
export function parseBlockPage(bytes: Uint8Array, firstBlock: number, length: number): BlockPage {
  if (bytes.length !== blockPageBytes(length)) {
    throw new HexzError(
      "E_CORRUPT",
      `a block page of ${length} entries has ${bytes.length} bytes, not ${blockPageBytes(length)}`,
    );
  }
  const page = columnsOf(bytes.slice(), firstBlock, length);
  for (let i = length; i < paddedEntries(length); i++) assertEmpty(page, i);
  return page;
}

function assertEmpty(page: BlockPage, i: number): void {
  const entry = entryAt(page, i);
  const { block: _block, ...fields } = entry;
  if (Object.values(fields).some((value) => value !== 0)) {
    throw new HexzError("E_CORRUPT", `the padding of the block page from block ${page.firstBlock} is not zero`);
  }
}

/** Entry `i` of a page (its place in the page, not its block number). */
export function entryAt(page: BlockPage, i: number): BlockEntry {
  return {
    block: page.firstBlock + i,
    source: page.source[i] ?? 0,
    offset: (page.offsetHigh[i] ?? 0) * 2 ** 32 + (page.offsetLow[i] ?? 0),
    storedLength: page.storedLength[i] ?? 0,
    encodedLength: page.encodedLength[i] ?? 0,
    rawLength: page.rawLength[i] ?? 0,
    count: page.count[i] ?? 0,
    checksumLow: page.checksumLow[i] ?? 0,
    checksumHigh: page.checksumHigh[i] ?? 0,
    codec: page.codec[i] ?? 0,
    layout: page.layout[i] ?? 0,
  };
}

/** The raw bytes of a page of these entries, in order. */
export function serializeBlockPage(entries: readonly Omit<BlockEntry, "block">[]): Uint8Array {
  const bytes = new Uint8Array(blockPageBytes(entries.length));
  const page = columnsOf(bytes, 0, entries.length);
  for (const [i, entry] of entries.entries()) {
    page.offsetLow[i] = entry.offset % 2 ** 32;
    page.offsetHigh[i] = Math.floor(entry.offset / 2 ** 32);
    page.storedLength[i] = entry.storedLength;
    page.encodedLength[i] = entry.encodedLength;
    page.rawLength[i] = entry.rawLength;
    page.count[i] = entry.count;
    page.checksumLow[i] = entry.checksumLow;
    page.checksumHigh[i] = entry.checksumHigh;
    page.source[i] = entry.source;
    page.codec[i] = entry.codec;
    page.layout[i] = entry.layout;
  }
  return bytes;
}
