import { HexzError } from "../../errors.js";
import { ByteReader } from "../../util/byte-reader.js";
import { ByteWriter } from "../../util/byte-writer.js";
import { sameBytes } from "../../util/bytes.js";
import { blake3 } from "../codec/blake3.js";

export const HEADER_BYTES = 512;
const CORE_BYTES = 384;
const DIGEST_OFFSET = 480;
const MAGIC = Uint8Array.of(0x89, 0x48, 0x58, 0x5a, 0x0d, 0x0a, 0x1a, 0x0a);
const MAJOR_VERSION = 1;
const MINOR_VERSION = 0;

export const KIND_BYTES = 1;
export const KIND_RECORDS = 2;
export const CUT_FIXED = 1;
export const CUT_CONTENT = 2;

/** Names of the must-understand bits (FORMAT.md 2.2); this version supports none of them. */
const FEATURES = ["extents", "ancestors", "dictionary", "encryption", "signatures"];

/**
 * The header field by field, in file order, from byte 24 on; the table both reads and writes it, so the two cannot drift. Meanings: FORMAT.md
 * 2.1. `zeros N` is reserved space.
 */
const CORE_FIELDS = [
  ["informative", "u64"],
  ["kind", "u8"],
  ["checksum", "u8"],
  ["codec", "u8"],
  ["level", "u8"],
  ["cut", "u8"],
  ["chunkIdBytes", "u8"],
  ["", 2],
  ["smallestBlockBytes", "u32"],
  ["targetBlockBytes", "u32"],
  ["largestBlockBytes", "u32"],
  ["entriesPerPage", "u32"],
  ["recordsPerBlock", "u32"],
  ["maxRawLength", "u32"],
  ["maxStoredLength", "u32"],
  ["blockPages", "u32"],
  ["extentPages", "u32"],
  ["hashPages", "u32"],
  ["chunkIdPages", "u32"],
  ["ancestors", "u32"],
  ["blocks", "u64"],
  ["extents", "u64"],
  ["records", "u64"],
  ["rawBytes", "u64"],
  ["storedBytes", "u64"],
  ["dataOffset", "u64"],
  ["pagesOffset", "u64"],
  ["countsOffset", "u64"],
  ["countsStoredLength", "u32"],
  ["countsRawLength", "u32"],
  ["countsHash", "hash"],
  ["tailOffset", "u64"],
  ["tailLength", "u64"],
  ["tailHash", "hash"],
  ["metadataStoredLength", "u32"],
  ["metadataRawLength", "u32"],
  ["dictionaryLength", "u32"],
  ["ancestorsLength", "u32"],
  ["pageTableLength", "u32"],
  ["salt", "hash"],
  ["commitment", "hash"],
  ["", 60],
] as const;

const OUTER_FIELDS = [
  ["fileLength", "u64"],
  ["slotsLength", "u32"],
  ["signaturesLength", "u32"],
  ["slotsHash", "hash"],
  ["", 16],
] as const;

type Row = readonly [string, "u8" | "u32" | "u64" | "hash" | number];
type NamedRow = Exclude<(typeof CORE_FIELDS | typeof OUTER_FIELDS)[number], readonly ["", number]>;

/** The fields a writer decides. Hashes are 32 bytes. */
export type HeaderFields = { readonly [R in NamedRow as R[0]]: R[1] extends "hash" ? Uint8Array : number };

/** A parsed header. */
export interface SnapshotHeader extends HeaderFields {
  readonly minorVersion: number;
  /** BLAKE3-256 of the core: pins everything the snapshot holds. */
  readonly id: Uint8Array;
}

/** All fields zero: what a writer starts from. */
export function emptyHeader(): HeaderFields {
  const rows: readonly Row[] = [...CORE_FIELDS, ...OUTER_FIELDS];
  const named = rows.filter(([name]) => name !== "");
  // The table is the type's source, so its rows build exactly the type.
  return Object.fromEntries(
    named.map(([name, type]) => [name, type === "hash" ? new Uint8Array(32) : 0]),
  ) as HeaderFields;
}

/** The 512 bytes of a header, its id and digest computed. Pure. */
export function serializeHeader(fields: HeaderFields): Uint8Array {
  const writer = new ByteWriter(HEADER_BYTES);
  writer.bytes(MAGIC);
  writer.u16(MAJOR_VERSION);
  writer.u16(MINOR_VERSION);
  writer.u32(HEADER_BYTES);
  writer.u64(0); // must-understand bits: none are written yet
  writeRows(writer, CORE_FIELDS, fields);
  writer.bytes(blake3(writer.written().subarray(0, CORE_BYTES)));
  writeRows(writer, OUTER_FIELDS, fields);
  writer.bytes(blake3(writer.written().subarray(0, DIGEST_OFFSET)));
  return writer.written();
}

function writeRows(writer: ByteWriter, rows: readonly Row[], fields: HeaderFields): void {
  const values: Readonly<Record<string, number | Uint8Array>> = fields;
  for (const [name, type] of rows) {
    const value = values[name];
    if (typeof type === "number") writer.zeros(type);
    else if (value instanceof Uint8Array) writer.bytes(value);
    else if (type !== "hash") writer[type](value ?? 0);
  }
}

/**
 * Reads a header: magic, version, features, digest, then every field. Whether the regions fit the file is {@link assertRegions}'s
 * question.
 *
 * @throws HexzError `E_NOT_SNAPSHOT`, `E_TRUNCATED`, `E_VERSION`, `E_FEATURE`, `E_CORRUPT`.
 */
export function parseHeader(bytes: Uint8Array, name: string): SnapshotHeader {
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) throw notSnapshot(bytes, name);
  if (bytes.length < HEADER_BYTES) throw truncated(name, HEADER_BYTES, bytes.length);
  const reader = new ByteReader(bytes.subarray(0, HEADER_BYTES), `the header of ${name}`);
  reader.bytes(MAGIC.length);
  const major = reader.u16();
  if (major !== MAJOR_VERSION) {
    throw new HexzError(
      "E_VERSION",
      `${name} has version ${major} of the format, this build reads version ${MAJOR_VERSION}; update hexz`,
      {
        context: { source: name, expected: MAJOR_VERSION, actual: major },
      },
    );
  }
  const minorVersion = reader.u16();
  const headerBytes = reader.u32();
  assertFeatures(reader.u32(), reader.u32(), name);
  const digest = blake3(bytes.subarray(0, DIGEST_OFFSET));
  if (headerBytes !== HEADER_BYTES || !sameBytes(digest, bytes.subarray(DIGEST_OFFSET, HEADER_BYTES))) {
    throw new HexzError(
      "E_CORRUPT",
      `the header of ${name} does not match its digest; restore the file from a good copy`,
      {
        context: { source: name },
      },
    );
  }
  const core = readRows(reader, CORE_FIELDS);
  const id = reader.bytes(32).slice();
  const outer = readRows(reader, OUTER_FIELDS);
  // The rows of the table are the type, see HeaderFields.
  const header = { minorVersion, id, ...core, ...outer } as unknown as SnapshotHeader;
  if (!sameBytes(id, blake3(bytes.subarray(0, CORE_BYTES))))
    throw inconsistent(name, "its id is not the hash of its core");
  return header;
}

function readRows(reader: ByteReader, rows: readonly Row[]): Record<string, number | Uint8Array> {
  const values: Record<string, number | Uint8Array> = {};
  for (const [name, type] of rows) {
    if (typeof type === "number") reader.zeros(type);
    else values[name] = type === "hash" ? reader.bytes(32).slice() : reader[type]();
  }
  return values;
}

function assertFeatures(low: number, high: number, name: string): void {
  if (low === 0 && high === 0) return;
  const bits = Array.from({ length: 64 }, (_, bit) => bit).filter(
    (bit) => ((bit < 32 ? low : high) >>> (bit % 32)) & 1,
  );
  const names = bits.map((bit) => FEATURES[bit] ?? `bit ${bit}`);
  throw new HexzError(
    "E_FEATURE",
    `${name} needs ${names.join(", ")}, which this build of hexz does not have; update hexz`,
    {
      context: { source: name, features: names },
    },
  );
}

/**
 * Checks that the regions of a header follow one another as FORMAT.md 2 says and fill a file of `fileBytes`.
 *
 * @throws HexzError `E_TRUNCATED` where the file is shorter than the header says, `E_CORRUPT` otherwise.
 */
export function assertRegions(header: SnapshotHeader, fileBytes: number, name: string): void {
  const h = header;
  if (fileBytes < h.fileLength) throw truncated(name, h.fileLength, fileBytes);
  const pages = h.blockPages + h.extentPages + h.hashPages + h.chunkIdPages;
  const rules: readonly (readonly [boolean, string])[] = [
    [fileBytes === h.fileLength, `the file has ${fileBytes} bytes, its header says ${h.fileLength}`],
    [h.kind === KIND_BYTES || h.kind === KIND_RECORDS, `unknown kind ${h.kind}`],
    [h.checksum === 1 || h.checksum === 2, `unknown checksum ${h.checksum}`],
    [h.cut === CUT_FIXED || h.cut === CUT_CONTENT, `unknown cut ${h.cut}`],
    [
      isPowerOfTwo(h.entriesPerPage) && h.entriesPerPage >= 1024 && h.entriesPerPage <= 2 ** 20,
      `${h.entriesPerPage} entries per page`,
    ],
    [h.slotsLength === 0 && h.signaturesLength === 0, "key slots or signatures without their feature bits"],
    [h.extents === 0 && h.extentPages === 0 && h.ancestors === 0, "extents or ancestors without their feature bits"],
    [h.dictionaryLength === 0 && h.ancestorsLength === 0, "a dictionary or ancestors without their feature bits"],
    [[h.salt, h.commitment, h.slotsHash].every(isZero), "key material without its feature bit"],
    [h.dataOffset === HEADER_BYTES + h.slotsLength && h.pagesOffset >= h.dataOffset, "the data region is misplaced"],
    [
      h.countsOffset >= h.pagesOffset && h.countsOffset + h.countsStoredLength === h.tailOffset,
      "the counts are misplaced",
    ],
    [h.tailOffset + h.tailLength + h.signaturesLength === h.fileLength, "the tail is misplaced"],
    [h.metadataStoredLength + h.pageTableLength === h.tailLength, "the tail's parts do not fill it"],
    [h.pageTableLength === 64 * pages, `a page table of ${h.pageTableLength} bytes for ${pages} pages`],
    [h.blockPages === Math.ceil(h.blocks / h.entriesPerPage), `${h.blockPages} pages for ${h.blocks} blocks`],
    [h.hashPages === 0 || h.hashPages === h.blockPages, `${h.hashPages} hash pages for ${h.blockPages} block pages`],
    [
      h.storedBytes === h.pagesOffset - h.dataOffset,
      `${h.storedBytes} stored bytes in a data region of ${h.pagesOffset - h.dataOffset}`,
    ],
    [h.kind === KIND_RECORDS || (h.records === 0 && h.recordsPerBlock === 0), "records in a snapshot of kind bytes"],
  ];
  for (const [holds, otherwise] of rules) if (!holds) throw inconsistent(name, otherwise);
}

function isPowerOfTwo(n: number): boolean {
  return n > 0 && (n & (n - 1)) === 0;
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

function notSnapshot(bytes: Uint8Array, name: string): HexzError {
  const found = Buffer.from(bytes.subarray(0, 8)).toString("hex");
  return new HexzError(
    "E_NOT_SNAPSHOT",
    `${name} is not a hexz snapshot (it begins with ${found || "nothing"}); pack the data first`,
    {
      context: { source: name, found },
    },
  );
}

function truncated(name: string, expected: number, actual: number): HexzError {
  return new HexzError("E_TRUNCATED", `${name} is cut short: ${actual} of ${expected} bytes are there; copy it again`, {
    context: { source: name, expected, actual },
  });
}

function inconsistent(name: string, what: string): HexzError {
  return new HexzError("E_CORRUPT", `the header of ${name} contradicts itself: ${what}`, { context: { source: name } });
}
