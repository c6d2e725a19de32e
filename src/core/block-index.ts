import { LRUCache } from "lru-cache";
import { HexzError } from "../errors.js";
import { sameBytes } from "../util/bytes.js";
import { blake3 } from "./codec/index.js";
import type { BlockEntry, BlockPage } from "./format/block-page.js";
import { blockPageBytes, entryAt, parseBlockPage } from "./format/block-page.js";
import { type BlockCounts, countAt } from "./format/counts.js";
import type { SnapshotHeader } from "./format/header.js";
import { MAX_RAW_BLOCK_BYTES } from "./format/limits.js";
import { unpackPage } from "./format/page.js";
import type { PageRow } from "./format/page-table.js";
import { pageAt } from "./format/page-table.js";
import type { RangeSource, ReadOptions } from "./storage/port.js";

/** A block page and, per entry, the raw byte it begins at (one more for the end). */
interface LoadedPage {
  readonly page: BlockPage;
  readonly byteStarts: Float64Array;
}

/**
 * The two-level index of a snapshot: finds a block by number or by raw byte. Pages are read when first needed, checked against their hash and the
 * header, and kept within a byte budget; one read serves all who wait for it.
 */
export class BlockIndex {
  readonly #source: RangeSource;
  readonly #header: SnapshotHeader;
  readonly #rows: readonly PageRow[];
  readonly #counts: BlockCounts;
  readonly #maxEncodedLength: number;
  readonly #pages: LRUCache<number, LoadedPage>;
  readonly #loading = new Map<number, Promise<LoadedPage>>();

  constructor(
    source: RangeSource,
    header: SnapshotHeader,
    rows: readonly PageRow[],
    counts: BlockCounts,
    maxEncodedLength: number,
    cacheBytes: number,
  ) {
    this.#counts = counts;
    this.#maxEncodedLength = maxEncodedLength;
    this.#source = source;
    this.#header = header;
    this.#rows = rows;
    const pageBytes = blockPageBytes(header.entriesPerPage) + 8 * header.entriesPerPage;
    this.#pages = new LRUCache({ max: Math.max(1, Math.floor(cacheBytes / pageBytes)) });
  }

  /** The entry of block `block` where its page is cached. */
  cachedEntry(block: number): BlockEntry | undefined {
    const perPage = this.#header.entriesPerPage;
    const cached = this.#pages.get(Math.floor(block / perPage));
    return cached === undefined ? undefined : entryAt(cached.page, block % perPage);
  }

  /** The entry of block `block`: at once where its page is cached. */
  entry(block: number, options?: ReadOptions): BlockEntry | Promise<BlockEntry> {
    const cached = this.cachedEntry(block);
    if (cached !== undefined) return cached;
    const perPage = this.#header.entriesPerPage;
    return this.#load(Math.floor(block / perPage), options).then(({ page }) => entryAt(page, block % perPage));
  }

  /** The block that holds raw byte `position`, and the raw byte it begins at. */
  async blockAtByte(
    position: number,
    options?: ReadOptions,
  ): Promise<{ readonly block: number; readonly start: number }> {
    const number = pageAt(this.#rows, this.#header.blockPages, "firstByte", position);
    const { page, byteStarts } = await this.#load(number, options);
    let low = 0;
    let high = page.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((byteStarts[middle] ?? 0) <= position) low = middle;
      else high = middle;
    }
    return { block: page.firstBlock + low, start: byteStarts[low] ?? 0 };
  }

  /** The BLAKE3 hashes of the blocks of page `number`, 32 bytes each, or undefined where the snapshot has none. */
  async hashes(number: number, options?: ReadOptions): Promise<Uint8Array | undefined> {
    if (this.#header.hashPages === 0) return undefined;
    return this.#readPage(
      this.#header.blockPages + this.#header.extentPages + number,
      32 * this.#entriesIn(number),
      options,
    );
  }

  async #load(number: number, options: ReadOptions | undefined): Promise<LoadedPage> {
    options?.signal?.throwIfAborted();
    const cached = this.#pages.get(number);
    if (cached !== undefined) return cached;
    // Shared by all who wait, so no single caller's signal may abort it: a page is small.
    const loading = this.#loading.get(number) ?? this.#start(number);
    const loaded = await loading;
    options?.signal?.throwIfAborted();
    return loaded;
  }

  #start(number: number): Promise<LoadedPage> {
    const loading = this.#readBlockPage(number).finally(() => this.#loading.delete(number));
    this.#loading.set(number, loading);
    return loading;
  }

  async #readBlockPage(number: number): Promise<LoadedPage> {
    const length = this.#entriesIn(number);
    const bytes = await this.#readPage(number, blockPageBytes(length));
    const page = parseBlockPage(bytes, number * this.#header.entriesPerPage, length);
    for (let i = 0; i < length; i++) this.#assertEntry(entryAt(page, i));
    const loaded = { page, byteStarts: this.#byteStarts(page, number) };
    this.#pages.set(number, loaded);
    return loaded;
  }

  #entriesIn(number: number): number {
    const { blocks, entriesPerPage } = this.#header;
    return Math.min(entriesPerPage, blocks - number * entriesPerPage);
  }

  /** Reads, checks and unpacks the page of table row `row`. */
  async #readPage(row: number, rawLength: number, options?: ReadOptions): Promise<Uint8Array> {
    const entry = this.#rows[row];
    const what = `page ${row} of ${this.#source.name}`;
    if (entry === undefined || entry.rawLength !== rawLength) {
      throw new HexzError(
        "E_CORRUPT",
        `${what} has ${entry?.rawLength} bytes by its table, ${rawLength} by the header`,
      );
    }
    const stored = new Uint8Array(entry.storedLength);
    await this.#source.readInto(entry.offset, stored, options);
    if (!sameBytes(blake3(stored), entry.hash)) {
      throw new HexzError(
        "E_CORRUPT",
        `${what} at offset ${entry.offset} does not match its hash; restore the file from a good copy`,
        {
          context: { source: this.#source.name, page: row, offset: entry.offset },
        },
      );
    }
    return unpackPage(stored, rawLength, what);
  }

  /** Refuses an entry that points outside the data or over the limits, before anything is allocated for it. */
  #assertEntry(entry: BlockEntry): void {
    const { dataOffset, pagesOffset, maxRawLength, maxStoredLength } = this.#header;
    const fits =
      entry.source === 0 &&
      entry.count === countAt(this.#counts, entry.block) &&
      entry.offset >= dataOffset &&
      entry.offset + entry.storedLength <= pagesOffset &&
      entry.storedLength <= Math.min(maxStoredLength, entry.encodedLength) &&
      entry.encodedLength <= Math.min(this.#maxEncodedLength, MAX_RAW_BLOCK_BYTES) &&
      entry.rawLength <= maxRawLength;
    if (fits) return;
    throw new HexzError(
      "E_CORRUPT",
      `block ${entry.block} of ${this.#source.name} does not lie within the data, its limits and its count`,
      {
        context: { source: this.#source.name, block: entry.block, offset: entry.offset },
      },
    );
  }

  #byteStarts(page: BlockPage, number: number): Float64Array {
    const starts = new Float64Array(page.length + 1);
    starts[0] = this.#rows[number]?.firstByte ?? 0;
    for (let i = 0; i < page.length; i++) starts[i + 1] = (starts[i] ?? 0) + (page.rawLength[i] ?? 0);
    const next = number + 1 < this.#header.blockPages ? this.#rows[number + 1]?.firstByte : this.#header.rawBytes;
    if (starts[page.length] !== next)
      throw new HexzError(
        "E_CORRUPT",
        `page ${number} of ${this.#source.name} ends at raw byte ${starts[page.length]}, not ${next}`,
      );
    return starts;
  }
}
