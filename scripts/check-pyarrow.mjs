/**
 * Checks with pyarrow that our Arrow IPC holds the stored values: `node scripts/check-pyarrow.mjs PYTHON`, from the project's root after
 * `npm run build`; PYTHON is an interpreter that has pyarrow. Writes `NAME.arrows` (stream), `NAME.arrow` (file) and `NAME.json` (what must be
 * read) for NAME `every-type` — every kind of field with nulls — and `fashion-mnist` — a shuffled epoch of the images in the repository —
 * and lets `check-pyarrow.py` read them.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { toIpcFile, toIpcStream } from "../dist/loaders/arrow/index.js";
import { fields, openDataset, pack } from "../dist/src/index.js";
import { everyRecord, everySchema } from "../test/loaders/every-type.mjs";

const ROWS = 23;
const BATCH = 5;
const IMAGE_BYTES = 28 * 28;
const python = process.argv[2] ?? "python3";
const folder = await mkdtemp(path.join(tmpdir(), "hexz-pyarrow-"));

/** A record as JSON that Python compares: 64-bit integers as text, bytes as hex, JSON as its text. */
function expected(record) {
  const bools = (bytes) => bytes && [...bytes].map((byte) => byte === 1);
  const plain = Object.entries(record).map(([name, value]) => [name, ArrayBuffer.isView(value) ? [...value] : value]);
  return {
    ...Object.fromEntries(plain),
    uint64: String(record.uint64),
    int64: String(record.int64),
    mask: bools(record.mask),
    flags: bools(record.flags),
    bytes: Buffer.from(record.bytes).toString("hex"),
  };
}

async function writeIpc(name, records, schema, batchSize, describe) {
  const snapshot = path.join(folder, `${name}.hxz`);
  await pack(records, snapshot, { schema });
  const dataset = await openDataset(snapshot);
  try {
    const loader = dataset.loader({ batchSize, shuffle: { seed: 7 } });
    const order = [];
    for await (const batch of loader.epoch(0)) order.push(...batch.indices);
    await writeFile(path.join(folder, `${name}.arrows`), toIpcStream(loader.epoch(0)));
    await writeFile(path.join(folder, `${name}.arrow`), toIpcFile(loader.epoch(0)));
    await writeFile(path.join(folder, `${name}.json`), JSON.stringify(describe(order)));
    await loader.close();
  } finally {
    await dataset.close();
  }
}

async function writeEveryType() {
  const everyRow = Array.from({ length: ROWS }, (_, i) => everyRecord(i));
  await writeIpc("every-type", everyRow, everySchema(fields), BATCH, (order) => ({
    batches: Math.ceil(ROWS / BATCH),
    rows: order.map((record) => expected(everyRow[record])),
  }));
}

async function writeFashionMnist() {
  const data = path.join(import.meta.dirname, "../examples/data");
  const images = gunzipSync(await readFile(path.join(data, "t10k-images-idx3-ubyte.gz"))).subarray(16);
  const labels = gunzipSync(await readFile(path.join(data, "t10k-labels-idx1-ubyte.gz"))).subarray(8);
  const imageOf = (i) => images.subarray(i * IMAGE_BYTES, (i + 1) * IMAGE_BYTES);
  const records = Array.from(labels, (label, i) => ({ image: imageOf(i), label }));
  const schema = { image: fields.uint8([28, 28, 1]), label: fields.uint8() };
  await writeIpc("fashion-mnist", records, schema, 256, (order) => {
    const pixels = createHash("sha256");
    for (const record of order) pixels.update(imageOf(record));
    return {
      batches: Math.ceil(order.length / 256),
      pixels: pixels.digest("hex"),
      labels: order.map((i) => labels[i]),
    };
  });
}

try {
  await writeEveryType();
  await writeFashionMnist();
  const check = spawnSync(python, [path.join(import.meta.dirname, "check-pyarrow.py"), folder], { stdio: "inherit" });
  if (check.error !== undefined) throw check.error;
  process.exitCode = check.status ?? 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
