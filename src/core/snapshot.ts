import { HexzError } from "../errors.js";
import { sameBytes } from "../util/bytes.js";
import { assertInteger, assertKnownKeys } from "../util/options.js";
import { blockRoom, decodeBlock, maxEncodedBytes } from "./block-decoder.js";
import { BlockIndex } from "./block-index.js";
import type { BlockRecipe } from "./blocks.js";
import { blake3, codecById, loadDecoder } from "./codec/index.js";
import type { BlockEntry } from "./format/block-page.js";
import type { BlockCounts } from "./format/counts.js";
import { parseCounts } from "./format/counts.js";
import type { SnapshotHeader } from "./format/header.js";
import { assertRegions, HEADER_BYTES, KIND_BYTES, parseHeader } from "./format/header.js";
import { MAX_COUNTS_BYTES, MAX_METADATA_BYTES, MAX_PAGE_TABLE_BYTES, MAX_RAW_BLOCK_BYTES } from "./format/limits.js";
import type { FieldStatistics, Json, Metadata } from "./format/metadata.js";
import { parseMetadata } from "./format/metadata.js";
import { unpackPage } from "./format/page.js";
import type { PageRow } from "./format/page-table.js";
import { parsePageTable } from "./format/page-table.js";
import type { RowLayout } from "./format/row-layout.js";
import { createRowLayout } from "./format/row-layout.js";
import type { SchemaSpec } from "./format/schema.js";
import { openSource, type StorageOptions } from "./storage/index.js";
import type { RangeSource, ReadOptions } from "./storage/port.js";
import { SyncReader } from "./sync-reader.js";
import type { VerifyOptions, VerifyReport } from "./verify.js";
import { verifySnapshot } from "./verify.js";

export interface SnapshotOptions extends ReadOptions {
  /** Bytes of index pages kept in memory. @default 32 MiB */
  readonly pageCacheBytes?: number | undefined;
  /** How remote storage is read: headers, credentials, time limits. */
  readonly storage?: StorageOptions | undefined;
}

/** An open snapshot: any range of its raw bytes, verified. Safe to use from many calls at once. */
export interface Snapshot extends AsyncDisposable {
  readonly kind: "bytes" | "records";
  /** 64 hex digits that pin everything the snapshot holds. */
  readonly id: string;
  readonly name: string;
  /** Raw bytes: what `read` serves. */
  readonly size: number;
  /** Records; 0 for kind `bytes`. */
  readonly length: number;
  readonly header: SnapshotHeader;
  readonly schema: SchemaSpec | undefined;
  readonly statistics: Readonly<Record<string, FieldStatistics>>;
  /** The JSON given to `pack({ user })`. */
  readonly user: Json | undefined;
  readonly rows: RowLayout | undefined;
  readonly recipe: BlockRecipe;
  readonly counts: BlockCounts;
  readonly source: RangeSource;
  /** The index entry of a block: at once where its page is cached. */
  entry(block: number, options?: ReadOptions): BlockEntry | Promise<BlockEntry>;
  /** The raw bytes of a block, verified, in a fresh buffer of the caller's. */
  readBlock(block: number, options?: ReadOptions): Promise<Uint8Array>;
  /**
   * The same at once, where the source is a local file and waiting for it here is cheap: a block of at most 1 MiB whose index page is in memory. Undefined
   * otherwise, also now and then so that a loop of calls leaves the event loop its turns, and for a block that `readBlock` refuses: that one says why.
   */
  readBlockSync(block: number): Uint8Array | undefined;
  /** Raw bytes `[offset, offset + length)` in a fresh buffer. */
  read(offset: number, length: number, options?: ReadOptions): Promise<Uint8Array>;
  /** Fills `target` with raw bytes from `offset`. */
  readInto(offset: number, target: Uint8Array, options?: ReadOptions): Promise<void>;
  verify(options?: VerifyOptions): Promise<VerifyReport>;
  close(): Promise<void>;
}

/**
 * Opens a snapshot in two reads: the header, then counts and tail.
 *
 * @param where A path, a `file:`, `http:`, `https:` or `s3:` URL, or any {@link RangeSource}. A source that is handed in is closed with the snapshot.
 * @throws HexzError `E_NOT_SNAPSHOT`, `E_VERSION`, `E_FEATURE`, `E_TRUNCATED`, `E_CORRUPT`, `E_LIMIT`, `E_NOT_FOUND`, `E_IO`.
 * @example
 * await using snapshot = await openSnapshot("data.hxz");
 * const bytes = await snapshot.read(0, 1024);
 */
export async function openSnapshot(
  where: string | URL | RangeSource,
  options: SnapshotOptions = {},
): Promise<Snapshot> {
  assertKnownKeys("options", options, ["signal", "pageCacheBytes", "storage"]);
  const { pageCacheBytes = 32 * 2 ** 20, storage = {} } = options;
  assertInteger("options.pageCacheBytes", pageCacheBytes, 0, Number.MAX_SAFE_INTEGER);
  options.signal?.throwIfAborted();
  const source = await openSource(where, { ...storage, signal: options.signal });
  try {
    return await readSnapshot(source, pageCacheBytes, options);
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function readSnapshot(source: RangeSource, pageCacheBytes: number, options: ReadOptions): Promise<Snapshot> {
  const head = new Uint8Array(Math.min(HEADER_BYTES, source.size));
  await source.readInto(0, head, options);
  const header = parseHeader(head, source.name);
  assertRegions(header, source.size, source.name);
  assertLimits(header, source.name);
  assertCodec(header.codec, source.name);
  // Counts and tail lie side by side: one read brings both.
  const end = new Uint8Array(header.countsStoredLength + header.tailLength);
  await source.readInto(header.countsOffset, end, options);
  const { metadata, pages } = parseTail(end.subarray(header.countsStoredLength), header, source.name);
  const counts = parseStoredCounts(end.subarray(0, header.countsStoredLength), header, source.name);
  await loadDecoder(header.codec);
  const rows = metadata.fields === undefined ? undefined : createRowLayout(metadata.fields);
  const maxEncodedLength = maxEncodedBytes(header.maxRawLength, rows);
  const index = new BlockIndex(source, header, pages, counts, maxEncodedLength, pageCacheBytes);
  return new OpenSnapshot(source, header, metadata, rows, pages, counts, index);
}

/** Refuses declared sizes before anything is allocated for them. */
function assertLimits(header: SnapshotHeader, name: string): void {
  const limits: readonly (readonly [string, number, number])[] = [
    ["largest block", header.maxRawLength, MAX_RAW_BLOCK_BYTES],
    ["metadata", header.metadataRawLength, MAX_METADATA_BYTES],
    ["page table", header.pageTableLength, MAX_PAGE_TABLE_BYTES],
    ["counts column", Math.max(header.countsRawLength, header.countsStoredLength), MAX_COUNTS_BYTES],
    ["tail", header.tailLength, MAX_METADATA_BYTES + MAX_PAGE_TABLE_BYTES],
  ];
  for (const [what, bytes, limit] of limits) {
    if (bytes > limit) {
      throw new HexzError("E_LIMIT", `the ${what} of ${name} takes ${bytes} bytes, the limit is ${limit}`, {
        context: { source: name, bytes, limit },
      });
    }
  }
}

/** Refuses a file of a codec this build does not have before any block of it is asked for. */
function assertCodec(id: number, name: string): void {
  try {
    codecById(id);
  } catch (cause) {
    throw new HexzError("E_CODEC", `${name} was packed with codec ${id}, which this build does not know; update hexz`, {
      context: { source: name, codec: id },
      cause,
    });
  }
}

function parseTail(tail: Uint8Array, header: SnapshotHeader, name: string) {
  assertHashed(tail, header.tailHash, "tail", header.tailOffset, name);
  const stored = tail.subarray(0, header.metadataStoredLength);
  const what = `the metadata of ${name}`;
  const metadata = parseMetadata(unpackPage(stored, header.metadataRawLength, what), what);
  const pages = parsePageTable(tail.subarray(header.metadataStoredLength), `the page table of ${name}`);
  assertPages(pages, header, name);
  if ((metadata.fields !== undefined) !== (header.kind !== KIND_BYTES)) {
    throw new HexzError("E_CORRUPT", `${name} has a schema and kind that contradict each other`);
  }
  return { metadata, pages };
}

/** Pages fill the space between the data and the counts, in order. */
function assertPages(pages: readonly PageRow[], header: SnapshotHeader, name: string): void {
  let offset = header.pagesOffset;
  for (const [i, page] of pages.entries()) {
    if (page.offset !== offset)
      throw new HexzError("E_CORRUPT", `page ${i} of ${name} lies at ${page.offset}, not at ${offset}`);
    if (page.storedLength > page.rawLength || page.rawLength > 64 * header.entriesPerPage) {
      throw new HexzError("E_LIMIT", `page ${i} of ${name} takes ${page.rawLength} bytes`, {
        context: { source: name, page: i },
      });
    }
    offset += page.storedLength;
  }
  if (offset !== header.countsOffset)
    throw new HexzError("E_CORRUPT", `the pages of ${name} end at ${offset}, not at ${header.countsOffset}`);
}

function parseStoredCounts(stored: Uint8Array, header: SnapshotHeader, name: string): BlockCounts {
  const { blocks: units, records: total, recordsPerBlock: perUnit } = header;
  if (stored.length === 0) {
    const hasNone = total === 0 && (units === 0 || header.kind === KIND_BYTES);
    const isConstant = perUnit > 0 ? Math.ceil(total / perUnit) === units : hasNone;
    if (!isConstant)
      throw new HexzError("E_CORRUPT", `${name} has no counts column for its ${units} blocks of ${total} records`);
    return { units, total, perUnit: Math.max(1, perUnit) };
  }
  if (perUnit !== 0) throw new HexzError("E_CORRUPT", `${name} has a counts column and a constant count`);
  assertHashed(stored, header.countsHash, "counts column", header.countsOffset, name);
  return parseCounts(unpackPage(stored, header.countsRawLength, `the counts column of ${name}`), units, total);
}

function assertHashed(bytes: Uint8Array, hash: Uint8Array, what: string, offset: number, name: string): void {
  if (sameBytes(blake3(bytes), hash)) return;
  throw new HexzError(
    "E_CORRUPT",
    `the ${what} of ${name} at offset ${offset} does not match its hash; restore the file from a good copy`,
    { context: { source: name, offset, length: bytes.length } },
  );
}

class OpenSnapshot implements Snapshot {
  readonly kind: "bytes" | "records";
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly length: number;
  readonly header: SnapshotHeader;
  readonly schema: SchemaSpec | undefined;
  readonly statistics: Readonly<Record<string, FieldStatistics>>;
  readonly user: Json | undefined;
  readonly rows: RowLayout | undefined;
  readonly recipe: BlockRecipe;
  readonly counts: BlockCounts;
  readonly source: RangeSource;
  readonly #pages: readonly PageRow[];
  readonly #index: BlockIndex;
  readonly #syncReader: SyncReader | undefined;
  /** The block `readInto` decoded last: small reads in a row decode it once. */
  #last: { readonly block: number; readonly bytes: Uint8Array } | undefined;
  #closed = false;

  constructor(
    source: RangeSource,
    header: SnapshotHeader,
    metadata: Metadata,
    rows: RowLayout | undefined,
    pages: readonly PageRow[],
    counts: BlockCounts,
    index: BlockIndex,
  ) {
    this.source = source;
    this.header = header;
    this.kind = header.kind === KIND_BYTES ? "bytes" : "records";
    this.id = Buffer.from(header.id).toString("hex");
    this.name = source.name;
    this.size = header.rawBytes;
    this.length = header.records;
    this.schema = metadata.fields;
    this.statistics = metadata.statistics ?? {};
    this.user = metadata.user;
    this.rows = rows;
    this.recipe = { name: source.name, codec: header.codec, checksum: header.checksum === 1 ? 1 : 2, rows };
    this.counts = counts;
    this.#pages = pages;
    this.#index = index;
    this.#syncReader = source.descriptor === undefined ? undefined : new SyncReader(source.descriptor);
  }

  entry(block: number, options?: ReadOptions): BlockEntry | Promise<BlockEntry> {
    this.#assertOpen();
    assertInteger("block", block, 0, this.header.blocks - 1);
    return this.#index.entry(block, options);
  }

  async readBlock(block: number, options?: ReadOptions): Promise<Uint8Array> {
    const entry = await this.entry(block, options);
    const raw = new Uint8Array(entry.rawLength);
    await this.#decodeInto(entry, raw, options);
    return raw;
  }

  readBlockSync(block: number): Uint8Array | undefined {
    this.#assertOpen();
    const entry = this.#syncReader === undefined ? undefined : this.#index.cachedEntry(block);
    if (this.#syncReader === undefined || entry === undefined) return undefined;
    try {
      const room = blockRoom(entry, this.recipe);
      return this.#syncReader.readInto(entry.offset, room.stored) ? room.decode().slice() : undefined;
    } catch {
      // Whether the file was damaged, changed or closed, or a codec is still to be loaded, is found out by the other way.
      return undefined;
    }
  }

  async #decodeInto(entry: BlockEntry, target: Uint8Array, options: ReadOptions | undefined): Promise<void> {
    const stored = new Uint8Array(entry.storedLength);
    await this.source.readInto(entry.offset, stored, options);
    await loadDecoder(entry.codec);
    decodeBlock(stored, entry, this.recipe, target);
  }

  async read(offset: number, length: number, options?: ReadOptions): Promise<Uint8Array> {
    this.#assertRange(offset, length);
    const target = new Uint8Array(length);
    await this.readInto(offset, target, options);
    return target;
  }

  async readInto(offset: number, target: Uint8Array, options?: ReadOptions): Promise<void> {
    this.#assertOpen();
    this.#assertRange(offset, target.length);
    options?.signal?.throwIfAborted();
    if (target.length === 0) return;
    const end = offset + target.length;
    let { block, start } = await this.#index.blockAtByte(offset, options);
    while (start < end) {
      const bytes = await this.#rawBlock(block, options);
      const from = Math.max(offset, start);
      target.set(bytes.subarray(from - start, Math.min(end - start, bytes.length)), from - offset);
      start += bytes.length;
      block++;
    }
  }

  async #rawBlock(block: number, options: ReadOptions | undefined): Promise<Uint8Array> {
    if (this.#last?.block === block) return this.#last.bytes;
    const bytes = await this.readBlock(block, options);
    this.#last = { block, bytes };
    return bytes;
  }

  verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    this.#assertOpen();
    return verifySnapshot({ snapshot: this, index: this.#index, pages: this.#pages }, options);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#last = undefined;
    await this.source.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #assertOpen(): void {
    if (this.#closed)
      throw new HexzError("E_CLOSED", `${this.name} has been closed`, { context: { source: this.name } });
  }

  #assertRange(offset: number, length: number): void {
    assertInteger("offset", offset, 0, this.size);
    assertInteger("length", length, 0, this.size - offset);
  }
}
