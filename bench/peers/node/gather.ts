import { shuffled } from "../random.js";
import type { WorkloadData } from "../workloads.js";
import { largestRowBytes, type PeerBatch, rowRange } from "./program.js";

/** Copies a record's bytes to `into` at byte `at`. */
export type CopyRow = (record: number, start: number, bytes: number, into: Buffer, at: number) => void;

/** The batches of a hand-written loop: a fresh permutation each epoch, a fresh array each batch, one `copyRow` a record. */
export function* gatherBatches(
  data: WorkloadData,
  labels: Int32Array,
  offsets: Uint32Array | undefined,
  epoch: number,
  copyRow: CopyRow,
): Generator<PeerBatch> {
  const order = shuffled(data.records, epoch);
  const largest = largestRowBytes(data, offsets);
  for (let from = 0; from < order.length; from += data.batchSize) {
    const records = order.subarray(from, from + data.batchSize);
    const rows = Buffer.allocUnsafe(
      offsets === undefined ? records.length * largest : sumBytes(records, data, offsets),
    );
    const ends = new Int32Array(records.length + 1);
    const batchLabels = new Int32Array(records.length);
    let at = 0;
    for (let i = 0; i < records.length; i++) {
      const record = records[i] ?? 0;
      const { start, bytes } = rowRange(record, data, offsets);
      copyRow(record, start, bytes, rows, at);
      at += bytes;
      ends[i + 1] = at;
      batchLabels[i] = labels[record] ?? 0;
    }
    const size = records.length;
    yield offsets === undefined
      ? { size, labels: batchLabels, images: rows }
      : { size, labels: batchLabels, texts: { offsets: ends } };
  }
}

function sumBytes(records: Uint32Array, data: WorkloadData, offsets: Uint32Array): number {
  let sum = 0;
  for (const record of records) sum += rowRange(record, data, offsets).bytes;
  return sum;
}
