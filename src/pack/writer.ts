import type { EncodedBlock } from "../core/blocks.js";
import type { ChecksumId, CodecName } from "../core/codec/index.js";
import { blake3, codecByName } from "../core/codec/index.js";
import { constantCount, serializeCounts } from "../core/format/counts.js";
import type { HeaderFields } from "../core/format/header.js";
import {
  CUT_CONTENT,
  CUT_FIXED,
  emptyHeader,
  HEADER_BYTES,
  KIND_BYTES,
  KIND_RECORDS,
  parseHeader,
  serializeHeader,
} from "../core/format/header.js";
import { MAX_COUNTS_BYTES, MAX_METADATA_BYTES } from "../core/format/limits.js";
import type { Metadata } from "../core/format/metadata.js";
import { serializeMetadata } from "../core/format/metadata.js";
import { packPage } from "../core/format/page.js";
import type { PageRow } from "../core/format/page-table.js";
import { serializePageTable } from "../core/format/page-table.js";
import { HexzError } from "../errors.js";
import type { CutRecipe } from "./cut.js";
import { IndexBuilder, type PackedPage } from "./index-builder.js";
import type { Output } from "./output.js";

/** What a snapshot says of how it was made. */
export interface SnapshotRecipe {
  readonly kind: "bytes" | "records";
  readonly checksum: ChecksumId;
  readonly codec: CodecName;
  /** Of the codec; 0 where it has none. */
  readonly level: number;
  readonly cut: CutRecipe;
}

/** Sums over the blocks written so far. */
export interface WrittenTotals {
  readonly blocks: number;
  readonly records: number;
  readonly rawBytes: number;
  /** Where the next byte of the file goes. */
  readonly fileBytes: number;
}

/**
 * Writes a snapshot front to back into a file of its own: blocks as they come, then the index, and the header last, so that a file cut off at any moment
 * is no snapshot. Owns offsets, entries and sums; the file stays the caller's.
 */
export class SnapshotWriter {
  readonly #file: Pick<Output, "write" | "sync">;
  readonly #recipe: SnapshotRecipe;
  readonly #index = new IndexBuilder();
  readonly #counts: number[] = [];
  #offset = HEADER_BYTES;
  #blocks = 0;
  #records = 0;
  #rawBytes = 0;
  #maxRawLength = 0;
  #maxStoredLength = 0;

  constructor(file: Pick<Output, "write" | "sync">, recipe: SnapshotRecipe) {
    this.#file = file;
    this.#recipe = recipe;
  }

  get totals(): WrittenTotals {
    return { blocks: this.#blocks, records: this.#records, rawBytes: this.#rawBytes, fileBytes: this.#offset };
  }

  /** Writes the next block. Not to be called again before it resolves. */
  async append({ stored, entry, hash }: EncodedBlock): Promise<void> {
    const offset = this.#offset;
    await this.#write(stored);
    this.#index.add({ ...entry, source: 0, offset }, hash);
    if (this.#recipe.kind === "records") this.#counts.push(entry.count);
    this.#blocks++;
    this.#records += entry.count;
    this.#rawBytes += entry.rawLength;
    this.#maxRawLength = Math.max(this.#maxRawLength, entry.rawLength);
    this.#maxStoredLength = Math.max(this.#maxStoredLength, stored.length);
  }

  /** Writes everything behind the blocks, makes it durable, and then writes the header. Gives the snapshot's id in hex. */
  async finish(metadata: Metadata): Promise<string> {
    const header = { ...this.#blockFields(), ...(await this.#writePages()), ...(await this.#writeCounts()) };
    const tail = await this.#writeTail(metadata, header.pages);
    const { pages: _pages, ...fields } = header;
    await this.#file.sync();
    const bytes = serializeHeader({ ...emptyHeader(), ...fields, ...tail, fileLength: this.#offset });
    await this.#file.write(bytes, 0);
    return Buffer.from(parseHeader(bytes, "the snapshot just written").id).toString("hex");
  }

  #blockFields(): Partial<HeaderFields> {
    const { kind, checksum, codec, level, cut } = this.#recipe;
    // Bytes are cut at fixed sizes whatever was asked for records.
    const isContent = kind === "records" && cut.cut === "content";
    return {
      kind: kind === "records" ? KIND_RECORDS : KIND_BYTES,
      checksum,
      codec: codecByName(codec).id,
      level,
      cut: isContent ? CUT_CONTENT : CUT_FIXED,
      smallestBlockBytes: isContent ? cut.smallestBytes : 0,
      targetBlockBytes: cut.targetBytes,
      largestBlockBytes: isContent ? cut.largestBytes : 0,
      recordsPerBlock: constantCount(this.#counts),
      maxRawLength: this.#maxRawLength,
      maxStoredLength: this.#maxStoredLength,
      blocks: this.#blocks,
      records: this.#records,
      rawBytes: this.#rawBytes,
      storedBytes: this.#offset - HEADER_BYTES,
      dataOffset: HEADER_BYTES,
      pagesOffset: this.#offset,
    };
  }

  async #writePages() {
    const { entriesPerPage, blockPages, hashPages } = this.#index.finish();
    const pages: PageRow[] = [];
    for (const page of [...blockPages, ...hashPages]) pages.push(await this.#writePage(page));
    return { entriesPerPage, blockPages: blockPages.length, hashPages: hashPages.length, pages };
  }

  async #writePage({ stored, row }: PackedPage): Promise<PageRow> {
    return { offset: await this.#write(stored), ...row };
  }

  async #writeCounts(): Promise<Partial<HeaderFields>> {
    if (this.#recipe.kind === "bytes" || constantCount(this.#counts) > 0) return { countsOffset: this.#offset };
    const raw = serializeCounts(this.#counts);
    assertWithin("counts column", raw.length, MAX_COUNTS_BYTES, "raise options.blockBytes");
    const stored = packPage(raw);
    return {
      countsStoredLength: stored.length,
      countsRawLength: raw.length,
      countsHash: blake3(stored),
      countsOffset: await this.#write(stored),
    };
  }

  async #writeTail(metadata: Metadata, pages: readonly PageRow[]): Promise<Partial<HeaderFields>> {
    const raw = serializeMetadata(metadata);
    assertWithin("metadata", raw.length, MAX_METADATA_BYTES, "shorten options.user");
    const stored = packPage(raw);
    const table = serializePageTable(pages);
    const tail = Buffer.concat([stored, table]);
    return {
      tailLength: tail.length,
      tailHash: blake3(tail),
      metadataStoredLength: stored.length,
      metadataRawLength: raw.length,
      pageTableLength: table.length,
      tailOffset: await this.#write(tail),
    };
  }

  /** Appends `bytes` and says where they begin. */
  async #write(bytes: Uint8Array): Promise<number> {
    const offset = this.#offset;
    await this.#file.write(bytes, offset);
    this.#offset += bytes.length;
    return offset;
  }
}

function assertWithin(what: string, bytes: number, limit: number, advice: string): void {
  if (bytes <= limit) return;
  throw new HexzError("E_LIMIT", `the ${what} would take ${bytes} bytes, the limit is ${limit}; ${advice}`, {
    context: { bytes, limit },
  });
}
