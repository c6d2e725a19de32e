import { HexzError } from "../errors.js";
import { sameBytes } from "../util/bytes.js";
import { blockRoom } from "./block-decoder.js";
import type { BlockIndex } from "./block-index.js";
import { blake3, loadDecoder } from "./codec/index.js";
import type { BlockEntry } from "./format/block-page.js";
import type { PageRow } from "./format/page-table.js";
import type { Snapshot } from "./snapshot.js";
import type { ReadOptions } from "./storage/port.js";

export interface VerifyOptions extends ReadOptions {
  /** Also decode every block and compare it with its BLAKE3 hash. @default false */
  readonly deep?: boolean | undefined;
  /** Called after each block with the number checked so far. */
  readonly onProgress?: ((progress: { readonly blocks: number; readonly blocksTotal: number }) => void) | undefined;
}

/** What was checked; a snapshot that fails throws instead. */
export interface VerifyReport {
  readonly blocks: number;
  readonly records: number;
  readonly storedBytes: number;
  readonly deep: boolean;
}

interface Checked {
  readonly snapshot: Snapshot;
  readonly index: BlockIndex;
  readonly pages: readonly PageRow[];
}

/**
 * Checks every byte of an open snapshot: all pages against their hashes, that the blocks fill the data region without gaps, counts and sums against the
 * header, and every block's checksum; with `deep` also decodes every block and compares its hash.
 *
 * @throws HexzError naming the first thing that is wrong.
 */
export async function verifySnapshot(checked: Checked, options: VerifyOptions): Promise<VerifyReport> {
  const { snapshot, index } = checked;
  const { header } = snapshot;
  const sums = { end: header.dataOffset, records: 0, maxRaw: 0, maxStored: 0 };
  let hashes: Uint8Array | undefined;
  for (let block = 0; block < header.blocks; block++) {
    const entry = await index.entry(block, options);
    assertPlace(entry, sums, checked);
    const inPage = block % header.entriesPerPage;
    if (inPage === 0) hashes = await index.hashes(block / header.entriesPerPage, options);
    await verifyBlock(entry, hashes?.subarray(32 * inPage, 32 * inPage + 32), snapshot, options);
    options.onProgress?.({ blocks: block + 1, blocksTotal: header.blocks });
  }
  assertSums(sums, snapshot);
  return {
    blocks: header.blocks,
    records: header.records,
    storedBytes: header.storedBytes,
    deep: options.deep ?? false,
  };
}

interface Sums {
  end: number;
  records: number;
  maxRaw: number;
  maxStored: number;
}

/** A block begins where the data seen so far ends, or lies within it (shared); its page begins where the table says. */
function assertPlace(entry: BlockEntry, sums: Sums, { snapshot, pages }: Checked): void {
  const { header } = snapshot;
  const end = entry.offset + entry.storedLength;
  const row = entry.block % header.entriesPerPage === 0 ? pages[entry.block / header.entriesPerPage] : undefined;
  if (row !== undefined && row.first !== sums.records)
    throw corrupt(snapshot, `page of block ${entry.block} begins with the wrong record`);
  if (entry.offset !== sums.end && end > sums.end)
    throw corrupt(snapshot, `block ${entry.block} leaves a gap at offset ${sums.end}`);
  sums.end = Math.max(sums.end, end);
  sums.records += entry.count;
  sums.maxRaw = Math.max(sums.maxRaw, entry.rawLength);
  sums.maxStored = Math.max(sums.maxStored, entry.storedLength);
}

async function verifyBlock(
  entry: BlockEntry,
  hash: Uint8Array | undefined,
  snapshot: Snapshot,
  options: VerifyOptions,
): Promise<void> {
  const stored = new Uint8Array(entry.storedLength);
  await snapshot.source.readInto(entry.offset, stored, options);
  if (options.deep === true) await loadDecoder(entry.codec);
  const room = blockRoom(entry, snapshot.recipe);
  room.stored.set(stored);
  if (options.deep !== true) return room.check();
  const raw = room.decode();
  if (hash === undefined || sameBytes(blake3(raw), hash)) return;
  const message = `block ${entry.block} of ${snapshot.name} does not match its BLAKE3 hash; restore the file from a good copy`;
  const context = { source: snapshot.name, block: entry.block, offset: entry.offset };
  throw new HexzError("E_BLOCK_CORRUPT", message, { context });
}

function assertSums(sums: Sums, snapshot: Snapshot): void {
  const { header } = snapshot;
  if (sums.end !== header.pagesOffset)
    throw corrupt(snapshot, `the blocks end at ${sums.end}, the data at ${header.pagesOffset}`);
  if (sums.records !== header.records)
    throw corrupt(snapshot, `the blocks hold ${sums.records} records, the header says ${header.records}`);
  if (sums.maxRaw !== header.maxRawLength || sums.maxStored !== header.maxStoredLength)
    throw corrupt(snapshot, "the largest block is not the header's");
}

function corrupt(snapshot: Snapshot, what: string): HexzError {
  return new HexzError("E_CORRUPT", `${snapshot.name} contradicts itself: ${what}`, {
    context: { source: snapshot.name },
  });
}
