import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadPackage, type PeerBatch, readLabels, runProgram } from "./program.js";

/** What of tfjs is used here. */
interface Tensor {
  readonly shape: readonly number[];
  dataSync(): Int32Array;
  dispose(): void;
}

interface Core {
  tensor(values: Uint8Array, shape: readonly number[], dtype: "int32"): Tensor;
  scalar(value: number, dtype: "int32"): Tensor;
  setBackend(name: "cpu"): Promise<boolean>;
}

interface Data {
  generator(make: () => Generator<unknown>): TfDataset;
}

interface TfDataset {
  shuffle(bufferSize: number, seed: string): TfDataset;
  batch(size: number, smallLastBatch: boolean): TfDataset;
  prefetch(bufferSize: number): TfDataset;
  iterator(): Promise<{ next(): Promise<IteratorResult<{ readonly xs: Tensor; readonly ys: Tensor }>> }>;
}

const BUFFER_RECORDS = 10_000;
const PREFETCHED_BATCHES = 2;
const { module: tf } = loadPackage<Core>("@tensorflow/tfjs-core");
loadPackage("@tensorflow/tfjs-backend-cpu");
const { module: tfData, version } = loadPackage<Data>("@tensorflow/tfjs-data");

/** tfjs's own pipeline over the raw file in memory: a generator of tensors (typed arrays are ten times slower), shuffle, batch, prefetch. */
await runProgram({
  version,
  async open({ data }) {
    await tf.setBackend("cpu");
    const { rowBytes, records, shape = [], batchSize } = data;
    const rows = readFileSync(join(data.directory, "rows.bin"));
    const labels = readLabels(data);
    const buffer = Math.min(BUFFER_RECORDS, records);
    function* elements() {
      for (let i = 0; i < records; i++) {
        const xs = tf.tensor(rows.subarray(i * rowBytes, (i + 1) * rowBytes), shape, "int32");
        yield { xs, ys: tf.scalar(labels[i] ?? 0, "int32") };
      }
    }
    async function* epochBatches(epoch: number): AsyncGenerator<PeerBatch> {
      const pipeline = tfData.generator(elements).shuffle(buffer, `${epoch}`).batch(batchSize, true);
      const iterator = await pipeline.prefetch(PREFETCHED_BATCHES).iterator();
      for (let item = await iterator.next(); item.done !== true; item = await iterator.next()) {
        const { xs, ys } = item.value;
        yield { size: ys.shape[0] ?? 0, labels: ys.dataSync(), images: xs.dataSync() };
        xs.dispose();
        ys.dispose();
      }
    }
    return {
      settings: `generator of int32 tensors, shuffle(${buffer}), batch, prefetch(${PREFETCHED_BATCHES}), cpu backend`,
      order: `buffer of ${buffer} records`,
      epoch: epochBatches,
    };
  },
});
