import { describe, expect, it } from "vitest";
import { entryAt, parseBlockPage } from "../../src/core/format/block-page.js";
import { unpackPage } from "../../src/core/format/page.js";
import { IndexBuilder, type NewEntry, type PackedPage } from "../../src/pack/index-builder.js";

function entryOf(i: number): NewEntry {
  const lengths = { storedLength: 100 + (i % 7), encodedLength: 200, rawLength: 200 + (i % 3), count: 1 + (i % 2) };
  return { source: 0, offset: 512 + 200 * i, ...lengths, checksumLow: i, checksumHigh: i * 3, codec: 1, layout: 0 };
}

function hashOf(i: number): Uint8Array {
  const hash = new Uint8Array(32);
  new DataView(hash.buffer).setUint32(0, i, true);
  return hash;
}

const rawOf = ({ stored, row }: PackedPage) => unpackPage(stored, row.rawLength, "page");

describe("IndexBuilder", () => {
  // 4 rows of 64 bytes: two block pages and their hash pages, then pages double.
  const TABLE_BYTES = 256;

  it.each([1, 1023, 1024, 1025, 2048, 2049, 3000, 3073, 4097, 5000, 9000])(
    "indexes %i blocks in pages of one size",
    (blocks) => {
      const builder = new IndexBuilder(TABLE_BYTES);
      const entries = Array.from({ length: blocks }, (_, i) => entryOf(i));
      for (const [i, entry] of entries.entries()) builder.add(entry, hashOf(i));
      const { entriesPerPage, blockPages, hashPages } = builder.finish();
      expect(blockPages.length).toBe(Math.ceil(blocks / entriesPerPage));
      expect(hashPages.length).toBe(blockPages.length);
      expect(2 * blockPages.length * 64).toBeLessThanOrEqual(TABLE_BYTES);
      let [first, firstByte] = [0, 0];
      for (const [rank, page] of blockPages.entries()) {
        const own = entries.slice(rank * entriesPerPage, (rank + 1) * entriesPerPage);
        expect(page.row).toMatchObject({ first, firstByte });
        const parsed = parseBlockPage(rawOf(page), 0, own.length);
        expect(own.map((_, i) => entryAt(parsed, i))).toEqual(own.map((entry, i) => ({ block: i, ...entry })));
        first += own.reduce((sum, { count }) => sum + count, 0);
        firstByte += own.reduce((sum, { rawLength }) => sum + rawLength, 0);
        const hashPage = hashPages[rank];
        expect(hashPage?.row.first).toBe(rank * entriesPerPage);
        const hashes = Buffer.concat(own.map((_, i) => hashOf(rank * entriesPerPage + i)));
        expect(Buffer.compare(hashPage === undefined ? Buffer.alloc(0) : rawOf(hashPage), hashes)).toBe(0);
      }
    },
  );
});
