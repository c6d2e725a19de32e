import { BLAKE3_BYTES, blake3 } from "../core/codec/index.js";
import type { BlockEntry } from "../core/format/block-page.js";
import { entryAt, parseBlockPage, serializeBlockPage } from "../core/format/block-page.js";
import { MAX_PAGE_TABLE_BYTES, MIN_PAGE_ENTRIES } from "../core/format/limits.js";
import { packPage, unpackPage } from "../core/format/page.js";
import type { PageRow } from "../core/format/page-table.js";
import { PAGE_ROW_BYTES } from "../core/format/page-table.js";
import { concatBytes } from "../util/bytes.js";

/** An entry of the index before it has its number. */
export type NewEntry = Omit<BlockEntry, "block">;

/** A page ready to be written. */
export interface PackedPage {
  readonly stored: Uint8Array;
  /** Its row of the page table, but for where it will lie. */
  readonly row: Omit<PageRow, "offset">;
}

/** The finished index: block pages, then as many hash pages. */
export interface PackedIndex {
  readonly entriesPerPage: number;
  readonly blockPages: readonly PackedPage[];
  readonly hashPages: readonly PackedPage[];
}

/**
 * Gathers the index of the blocks (FORMAT.md 5) while they are written. Full pages are kept packed, so a block costs about 50 bytes of memory:
 * mostly its hash. Pages hold `E` entries, doubled whenever the page table would outgrow `tableBytes`.
 */
export class IndexBuilder {
  readonly #tableBytes: number;
  #entriesPerPage = MIN_PAGE_ENTRIES;
  #blockPages: PackedPage[] = [];
  #hashPages: PackedPage[] = [];
  #entries: NewEntry[] = [];
  #hashes: Uint8Array[] = [];
  #firstBlock = 0;
  /** Records (kind `records`) and raw bytes before the page being filled. */
  #first = 0;
  #firstByte = 0;

  constructor(tableBytes = MAX_PAGE_TABLE_BYTES) {
    this.#tableBytes = tableBytes;
  }

  add(entry: NewEntry, hash: Uint8Array): void {
    this.#entries.push(entry);
    this.#hashes.push(hash);
    if (this.#entries.length === this.#entriesPerPage) this.#flush();
  }

  finish(): PackedIndex {
    // Twice where joining pages opened the last one again.
    while (this.#entries.length > 0) this.#flush();
    return { entriesPerPage: this.#entriesPerPage, blockPages: this.#blockPages, hashPages: this.#hashPages };
  }

  #flush(): void {
    const entries = this.#entries;
    this.#blockPages.push(packed(serializeBlockPage(entries), this.#first, this.#firstByte));
    this.#hashPages.push(packed(concatBytes(this.#hashes), this.#firstBlock, 0));
    for (const entry of entries) {
      this.#first += entry.count;
      this.#firstByte += entry.rawLength;
    }
    this.#firstBlock += entries.length;
    this.#entries = [];
    this.#hashes = [];
    if (2 * this.#blockPages.length * PAGE_ROW_BYTES > this.#tableBytes) this.#double(entries.length);
  }

  /** Joins the pages two by two; the last of an odd number stays a page, or goes on being filled. */
  #double(lastPageEntries: number): void {
    const half = this.#entriesPerPage;
    this.#entriesPerPage *= 2;
    const sizes = (page: number) => (page === this.#blockPages.length - 1 ? lastPageEntries : half);
    const blockPages = pairs(this.#blockPages).map((pair, i) =>
      join(pair, (raws) => serializeBlockPage(raws.flatMap((raw, j) => entriesOf(raw, sizes(2 * i + j))))),
    );
    const hashPages = pairs(this.#hashPages).map((pair) => join(pair, concatBytes));
    this.#reopenLast(blockPages, hashPages, lastPageEntries);
    this.#blockPages = blockPages;
    this.#hashPages = hashPages;
  }

  /** A last page that is only half full by the new measure becomes the page being filled. */
  #reopenLast(blockPages: PackedPage[], hashPages: PackedPage[], lastPageEntries: number): void {
    if (this.#blockPages.length % 2 === 0) return;
    const block = blockPages.pop();
    const hash = hashPages.pop();
    if (block === undefined || hash === undefined) return;
    this.#entries = entriesOf(rawOf(block), lastPageEntries);
    const hashes = rawOf(hash);
    this.#hashes = this.#entries.map((_, i) => hashes.slice(BLAKE3_BYTES * i, BLAKE3_BYTES * (i + 1)));
    this.#first = block.row.first;
    this.#firstByte = block.row.firstByte;
    this.#firstBlock = hash.row.first;
  }
}

function packed(raw: Uint8Array, first: number, firstByte: number): PackedPage {
  const stored = packPage(raw);
  const row = { storedLength: stored.length, rawLength: raw.length, first, firstByte, hash: blake3(stored) };
  return { stored, row };
}

function rawOf({ stored, row }: PackedPage): Uint8Array {
  return unpackPage(stored, row.rawLength, "a page being written");
}

function entriesOf(raw: Uint8Array, length: number): NewEntry[] {
  const page = parseBlockPage(raw, 0, length);
  return Array.from({ length }, (_, i) => {
    const { block: _block, ...entry } = entryAt(page, i);
    return entry;
  });
}

function pairs<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / 2) }, (_, i) => items.slice(2 * i, 2 * i + 2));
}

function join(pages: readonly PackedPage[], raw: (raws: Uint8Array[]) => Uint8Array): PackedPage {
  return packed(raw(pages.map(rawOf)), pages[0]?.row.first ?? 0, pages[0]?.row.firstByte ?? 0);
}
