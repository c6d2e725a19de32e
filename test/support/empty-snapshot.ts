import { blake3 } from "../../src/core/codec/index.js";
import { CUT_FIXED, emptyHeader, HEADER_BYTES, KIND_RECORDS, serializeHeader } from "../../src/core/format/header.js";
import { MIN_PAGE_ENTRIES } from "../../src/core/format/limits.js";
import { serializeMetadata } from "../../src/core/format/metadata.js";
import { packPage } from "../../src/core/format/page.js";
import { serializePageTable } from "../../src/core/format/page-table.js";
import type { SchemaSpec } from "../../src/core/format/schema.js";

/**
 * The bytes of a snapshot of 0 records: `pack` refuses empty inputs, but the format allows them. It has no blocks; `blocks` makes its header claim some
 * all the same, with empty pages and no counts column.
 */
export function emptySnapshot(schema: SchemaSpec, blocks = 0): Uint8Array {
  const raw = serializeMetadata({ fields: schema });
  const metadata = packPage(raw);
  const page = { offset: HEADER_BYTES, storedLength: 0, rawLength: 0, first: 0, firstByte: 0, hash: blake3(raw) };
  const pages = Array.from({ length: Math.ceil(blocks / MIN_PAGE_ENTRIES) }, () => page);
  const table = serializePageTable(pages);
  const tail = Buffer.concat([metadata, table]);
  const header = serializeHeader({
    ...emptyHeader(),
    kind: KIND_RECORDS,
    checksum: 2,
    cut: CUT_FIXED,
    targetBlockBytes: 4096,
    entriesPerPage: MIN_PAGE_ENTRIES,
    blockPages: pages.length,
    blocks,
    dataOffset: HEADER_BYTES,
    pagesOffset: HEADER_BYTES,
    countsOffset: HEADER_BYTES,
    tailOffset: HEADER_BYTES,
    tailLength: tail.length,
    tailHash: blake3(tail),
    metadataStoredLength: metadata.length,
    metadataRawLength: raw.length,
    pageTableLength: table.length,
    fileLength: HEADER_BYTES + tail.length,
  });
  return Buffer.concat([header, tail]);
}
