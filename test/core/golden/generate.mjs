// Writes the golden snapshots of a format version: `node test/core/golden/generate.mjs 1.0`, after `npm run build`.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fields, openSnapshot, pack } from "../../../dist/src/index.js";

const [version] = process.argv.slice(2);
if (version === undefined) throw new TypeError("usage: generate.mjs VERSION");
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const manifestPath = here("manifest.json");
const manifest = existsSync(manifestPath) ? JSON.parse(readFileSync(manifestPath, "utf8")) : {};

const everyType = {
  flag: fields.bool(),
  u8: fields.uint8([2, 3]),
  i16: fields.int16().nullable(),
  u32: fields.uint32(),
  i64: fields.int64(),
  half: fields.float16([2]),
  f32: fields.float32([3]),
  f64: fields.float64(),
  text: fields.utf8().nullable(),
  bytes: fields.binary(),
  json: fields.json(),
  list: fields.list("int32"),
};

function recordOf(i) {
  return {
    flag: i % 2 === 0,
    u8: Uint8Array.from({ length: 6 }, (_, k) => (i * 7 + k) % 256),
    i16: i % 5 === 0 ? null : i - 300,
    u32: i * 1_000_003,
    i64: BigInt(i) * 10n ** 15n - 5n,
    half: [i / 4, -i],
    f32: [i / 3, -0, 1e30],
    f64: i / 7,
    text: i % 4 === 0 ? null : `größe ${i} 😀`.repeat(i % 3),
    bytes: new Uint8Array(i % 11).fill(i % 256),
    json: { i, nested: [null, true, `${i}`] },
    list: Array.from({ length: i % 6 }, (_, k) => i - k),
  };
}

const everyRecord = Array.from({ length: 600 }, (_, i) => recordOf(i));
const ids = Array.from({ length: 5000 }, (_, id) => ({ id }));
const stream = Buffer.from(Array.from({ length: 9000 }, (_, i) => `line ${i * i}\n`).join(""));

const cases = {
  "records-lz4-content": [everyRecord, { schema: everyType, blockBytes: 8192, user: { golden: true } }],
  "records-zstd-fixed": [everyRecord, { schema: everyType, codec: "zstd", level: 9, cut: "fixed", blockRecords: 50, checksum: "crc32" }],
  "records-stored": [everyRecord.slice(0, 40), { schema: everyType, codec: "stored" }],
  "records-one-field": [ids, { schema: { id: fields.int32() }, blockBytes: 4096 }],
  "bytes-lz4": [stream, { blockBytes: 16384 }],
  "bytes-zstd": [stream, { codec: "zstd", level: 1, blockBytes: 65536, checksum: "crc32" }],
};

for (const [name, [input, options]] of Object.entries(cases)) {
  const file = `${name}-${version}.hxz`;
  if (manifest[file] !== undefined) throw new Error(`${file} is there already: golden files are never changed`);
  await pack(input, here(file), { ...options, workers: 0 });
  const snapshot = await openSnapshot(here(file));
  const raw = await snapshot.read(0, snapshot.size);
  manifest[file] = {
    id: snapshot.id,
    kind: snapshot.kind,
    size: snapshot.size,
    records: snapshot.length,
    blocks: snapshot.header.blocks,
    rawSha256: createHash("sha256").update(raw).digest("hex"),
  };
  await snapshot.close();
}
writeFileSync(manifestPath, `${JSON.stringify(manifest, null, 2)}\n`);
