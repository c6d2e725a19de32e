import { openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { type Batch, fields, openDataset, pack } from "../../../src/index.js";
import type { Job } from "../job.js";
import type { WorkloadData } from "../workloads.js";
import { type PeerBatch, type PeerReader, readLabels, readOffsets, rowRange, runProgram } from "./program.js";

const FILE = "data.hxz";
const WORKERS = 2;
/** Smaller budgets cannot hold the blocks of a batch of 256 and their neighbours. */
const MIN_MEMORY_BYTES = 96e6;
const { version } = JSON.parse(readFileSync(new URL("../../../../package.json", import.meta.url), "utf8"));

/** hexz by its public entry. `args.codec` is packed; `args.memoryShare` is the memory budget as a share of the raw bytes. */
await runProgram({
  version,
  async prepare({ data, store, args }) {
    const codec = args.codec === "stored" ? "stored" : "lz4";
    const label = fields.int32();
    const { shape } = data;
    const schema = shape === undefined ? { text: fields.utf8(), label } : { image: fields.uint8([...shape]), label };
    await pack(records(data), join(store, FILE), { schema, codec });
  },
  open: openReader,
});

function* records(data: WorkloadData) {
  const file = openSync(join(data.directory, "rows.bin"), "r");
  const labels = readLabels(data);
  const offsets = readOffsets(data);
  for (let record = 0; record < data.records; record++) {
    const { start, bytes } = rowRange(record, data, offsets);
    const row = Buffer.allocUnsafe(bytes);
    readSync(file, row, 0, bytes, start);
    const label = labels[record] ?? 0;
    yield offsets === undefined ? { image: row, label } : { text: row.toString("utf8"), label };
  }
}

async function openReader({ data, store, args }: Job): Promise<PeerReader> {
  const memory = Math.max(MIN_MEMORY_BYTES, Math.ceil(Number(args.memoryShare) * data.rawBytes));
  const dataset = await openDataset(join(store, FILE), { cache: { memory } });
  const loader = dataset.loader({ batchSize: data.batchSize, shuffle: { seed: 1 }, workers: WORKERS });
  async function* epochBatches(epoch: number): AsyncGenerator<PeerBatch> {
    for await (const batch of loader.epoch(epoch)) yield peerBatch(batch);
  }
  await using probe = loader.epoch(0);
  const { order } = probe.state();
  return {
    settings: `${args.codec} blocks of 128 KiB, memory budget ${Math.round(memory / 1e6)} MB, ${WORKERS} workers`,
    order: order.kind === "random" ? "full" : `window of ${loader.contract?.window} blocks`,
    epoch: epochBatches,
    close: () => dataset.close(),
  };
}

/** A batch goes back to the ring once it was read, where this version lends its batches. */
function peerBatch(batch: Batch & { release?: () => void }): PeerBatch {
  const columns = batch.columns as Readonly<Record<string, unknown>>;
  const labels = columns.label as Int32Array;
  const release = () => batch.release?.();
  const images = columns.image as Uint8Array | undefined;
  const texts = columns.text as { readonly offsets: Int32Array } | undefined;
  return { size: batch.size, labels, images, texts, release };
}
