import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { emptyHeader, parseHeader, serializeHeader } from "../../src/core/format/header.js";
import { fields } from "../../src/dataset/fields.js";
import { pack } from "../../src/pack/index.js";

export const RECORDS = 300;

/** Record `i` of the snapshot that {@link writeRecords} makes. */
export function recordAt(i: number) {
  return {
    image: Uint8Array.from({ length: 12 }, (_, j) => (i + j) % 256),
    label: i % 3,
    id: 2n ** 53n + BigInt(i),
    text: i % 10 === 0 ? null : `record "${i}"\u001b[2J`,
  };
}

const schema = {
  image: fields.uint8([2, 2, 3]),
  label: fields.int32(),
  id: fields.int64(),
  text: fields.utf8().nullable(),
};

/** A small snapshot of records in several blocks; gives its path. */
export async function writeRecords(folder: string): Promise<string> {
  const path = join(folder, "records.hxz");
  const records = Array.from({ length: RECORDS }, (_, i) => recordAt(i));
  await pack(records, path, { schema, cut: "fixed", blockRecords: 64, codec: "zstd", workers: 0 });
  return path;
}

/** A snapshot of bytes, several blocks long; gives its path. */
export async function writeBytes(folder: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, "bytes.hxz");
  await pack(bytes, path, { blockBytes: 4096, workers: 0 });
  return path;
}

/** Copies of a snapshot that are bad, one way each. */
export async function writeBadCopies(good: string, folder: string): Promise<Readonly<Record<string, string>>> {
  const bytes = await readFile(good);
  const changed = (change: (copy: Buffer) => void) => {
    const copy = Buffer.from(bytes);
    change(copy);
    return copy;
  };
  const copies: Readonly<Record<string, Uint8Array>> = {
    E_NOT_SNAPSHOT: Buffer.from("label,name\n1,a\n"),
    E_TRUNCATED: bytes.subarray(0, bytes.length - 1),
    E_VERSION: changed((copy) => copy.writeUInt16LE(2, 8)),
    E_FEATURE: changed((copy) => copy.writeUInt32LE(8, 16)),
    E_CODEC: withCodec(bytes, 9),
    E_CORRUPT: changed((copy) => copy.writeUInt8(copy.readUInt8(100) ^ 1, 100)),
    E_BLOCK_CORRUPT: changed((copy) => copy.writeUInt8(copy.readUInt8(600) ^ 1, 600)),
  };
  const paths: Record<string, string> = {};
  for (const [code, content] of Object.entries(copies)) {
    paths[code] = join(folder, `${code}.hxz`);
    await writeFile(paths[code], content);
  }
  return paths;
}

/** The snapshot with another codec in its header, its digests right. */
function withCodec(bytes: Buffer, codec: number): Uint8Array {
  const header = parseHeader(bytes.subarray(0, 512), "the fixture");
  return Buffer.concat([serializeHeader({ ...emptyHeader(), ...header, codec }), bytes.subarray(512)]);
}
