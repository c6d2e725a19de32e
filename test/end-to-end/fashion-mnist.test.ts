import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, it } from "vitest";
import { recordBatches } from "../../dist/loaders/arrow/index.js";
import { tfDataset } from "../../dist/loaders/tfjs/index.js";
import { type Dataset, fields, openDataset, pack } from "../../dist/src/index.js";
import { idx } from "../../dist/src/sources/index.js";
import { tempDir } from "../support/temp-dir.js";

const IMAGES = "examples/data/t10k-images-idx3-ubyte.gz";
const LABELS = "examples/data/t10k-labels-idx1-ubyte.gz";
const COUNT = 10_000;
const PIXELS = 28 * 28;
const schema = { image: fields.uint8([28, 28, 1]), label: fields.int32() };

/** The dataset by the letter of the IDX format, read without hexz. */
const oracle = {
  images: gunzipSync(readFileSync(IMAGES)).subarray(16),
  labels: gunzipSync(readFileSync(LABELS)).subarray(8),
};

const folder = await tempDir();
const files = { fixed: join(folder, "fixed.hxz"), content: join(folder, "content.hxz") };

beforeAll(async () => {
  const source = () => idx({ images: IMAGES, labels: LABELS });
  await pack(source(), files.fixed, { cut: "fixed", codec: "lz4" });
  await pack(source(), files.content, { cut: "content", codec: "zstd", level: 3 });
});

const open = (cut: "fixed" | "content"): Promise<Dataset<typeof schema>> => openDataset(files[cut], { schema });

function expectRecord(index: number, image: ArrayLike<number>, label: number | undefined): void {
  expect(label).toBe(oracle.labels[index]);
  const expected = oracle.images.subarray(index * PIXELS, (index + 1) * PIXELS);
  if (Buffer.compare(Uint8Array.from(image), expected) !== 0) expect.fail(`the image of record ${index} differs`);
}

function expectEachOnce(seen: Iterable<number>): void {
  expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: COUNT }, (_, i) => i));
}

describe.each(["fixed", "content"] as const)("Fashion-MNIST, %s cuts", (cut) => {
  it("comes back bit for bit through get and getMany", async () => {
    await using dataset = await open(cut);
    expect(dataset.length).toBe(COUNT);
    for (let i = 0; i < COUNT; i += 7) {
      const { image, label } = await dataset.get(i);
      expectRecord(i, image, label);
    }
    const indices = Array.from({ length: COUNT }, (_, i) => (i * 7919) % COUNT);
    const records = await dataset.getMany(indices);
    for (const [i, record] of records.entries()) expectRecord(indices[i] ?? -1, record.image, record.label);
  });

  it("comes back bit for bit by iteration", async () => {
    await using dataset = await open(cut);
    let index = 0;
    for await (const { image, label } of dataset) expectRecord(index++, image, label);
    expect(index).toBe(COUNT);
  });

  it.each([0, 1, 2, 3])("comes back bit for bit in shuffled batches with %i workers", async (workers) => {
    await using dataset = await open(cut);
    const loader = dataset.loader({ batchSize: 96, shuffle: { seed: 5, mode: "window", window: 12 }, workers });
    const seen: number[] = [];
    for await (const { indices, columns, size } of loader) {
      for (let row = 0; row < size; row++) {
        expectRecord(indices[row] ?? -1, columns.image.subarray(row * PIXELS, (row + 1) * PIXELS), columns.label[row]);
      }
      seen.push(...indices);
    }
    expectEachOnce(seen);
  });

  it("comes back bit for bit as tfjs tensors", async () => {
    await tf.setBackend("cpu");
    await using dataset = await open(cut);
    const loader = dataset.loader({ batchSize: 500, shuffle: { seed: 1 } });
    const order = loader.epoch(0);
    const iterator = await tfDataset(loader, tf, { xs: "image", ys: "label" }).iterator();
    for await (const { indices } of order) {
      const { value } = await iterator.next();
      if (value === null) expect.fail("the dataset of tensors ended before the loader");
      const { xs, ys } = value;
      const [images, labels] = [await xs.data(), await ys.data()];
      for (const [row, index] of indices.entries()) {
        expectRecord(index, images.subarray(row * PIXELS, (row + 1) * PIXELS) as Float32Array, labels[row] as number);
      }
      tf.dispose([xs, ys]);
    }
    expect((await iterator.next()).done).toBe(true);
  });

  it("comes back bit for bit as Arrow record batches", async () => {
    await using dataset = await open(cut);
    const loader = dataset.loader({ batchSize: 500, shuffle: { seed: 1 } });
    const order = loader.epoch(0)[Symbol.asyncIterator]();
    const seen: number[] = [];
    for await (const batch of recordBatches(loader.epoch(0))) {
      const { value } = await order.next();
      const images = batch.getChild("image");
      const labels = batch.getChild("label");
      for (const [row, index] of (value?.indices ?? []).entries()) {
        expectRecord(index, images?.get(row)?.toArray() ?? [], labels?.get(row));
        seen.push(index);
      }
    }
    expectEachOnce(seen);
  });
});
