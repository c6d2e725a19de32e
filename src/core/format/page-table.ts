import { ByteReader } from "../../util/byte-reader.js";
import { ByteWriter } from "../../util/byte-writer.js";

/** Bytes of a row of the page table. */
export const PAGE_ROW_BYTES = 64;

/** Where one page lies and what it begins with (FORMAT.md 5.2). */
export interface PageRow {
  readonly offset: number;
  readonly storedLength: number;
  readonly rawLength: number;
  /** First record (block pages), or first block (hash pages). */
  readonly first: number;
  /** First raw byte (block pages), else 0. */
  readonly firstByte: number;
  /** BLAKE3-256 of the stored bytes. */
  readonly hash: Uint8Array;
}

/** @throws HexzError `E_CORRUPT`, `E_LIMIT`. */
export function parsePageTable(bytes: Uint8Array, what: string): PageRow[] {
  const reader = new ByteReader(bytes, what);
  const rows = Array.from({ length: bytes.length / PAGE_ROW_BYTES }, () => ({
    offset: reader.u64(),
    storedLength: reader.u32(),
    rawLength: reader.u32(),
    first: reader.u64(),
    firstByte: reader.u64(),
    hash: reader.bytes(32).slice(),
  }));
  reader.end();
  return rows;
}

/** The bytes of a page table. Pure. */
export function serializePageTable(rows: readonly PageRow[]): Uint8Array {
  const writer = new ByteWriter(PAGE_ROW_BYTES * rows.length);
  for (const row of rows) {
    writer.u64(row.offset);
    writer.u32(row.storedLength);
    writer.u32(row.rawLength);
    writer.u64(row.first);
    writer.u64(row.firstByte);
    writer.bytes(row.hash);
  }
  return writer.written();
}

/** The last of the first `count` rows that begins at or before `position`, by its `key`. */
export function pageAt(rows: readonly PageRow[], count: number, key: "first" | "firstByte", position: number): number {
  let low = 0;
  let high = count;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((rows[middle]?.[key] ?? 0) <= position) low = middle;
    else high = middle;
  }
  return low;
}
