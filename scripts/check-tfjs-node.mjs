/**
 * Trains on Fashion-MNIST with the real tfjs-node through the built package (`dist/`), and checks what a user of `hexz/tfjs` relies on:
 * the tensors hold the stored pixels, no tensor leaks, the epochs are 0, 1, 2, the model learns.
 *
 * Run from the project's root after `npm run build`, with tfjs-node installed: `node scripts/check-tfjs-node.mjs`.
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import tf from "@tensorflow/tfjs-node";
import { tfDataset } from "../dist/loaders/tfjs/index.js";
import { fields, openDataset, pack } from "../dist/src/index.js";

const IMAGE_BYTES = 28 * 28;
const EPOCHS = 3;
const BATCH = 64;
const HELD_OUT = 1000;

const data = path.join(import.meta.dirname, "../examples/data");
const images = gunzipSync(await readFile(path.join(data, "t10k-images-idx3-ubyte.gz"))).subarray(16);
const labels = gunzipSync(await readFile(path.join(data, "t10k-labels-idx1-ubyte.gz"))).subarray(8);

function* records(start, end) {
  for (let i = start; i < end; i++)
    yield { image: images.subarray(i * IMAGE_BYTES, (i + 1) * IMAGE_BYTES), label: labels[i] };
}

function makeModel() {
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [28, 28, 1] }),
      tf.layers.dense({ units: 64, activation: "relu", kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }) }),
      tf.layers.dense({
        units: 10,
        activation: "softmax",
        kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }),
      }),
    ],
  });
  model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
  return model;
}

/** Every pixel of one epoch, compared with the source file by record number. */
async function checkPixels(loader) {
  const order = [];
  for await (const batch of loader.epoch(0)) order.push(batch.indices);
  let step = 0;
  await tfDataset(loader, tf, { xs: "image", ys: "label" }).forEachAsync(async ({ xs, ys }) => {
    const [pixels, classes] = [await xs.data(), await ys.data()];
    order[step++].forEach((record, row) => {
      assert.equal(classes[row], labels[record]);
      const expected = images.subarray(record * IMAGE_BYTES, (record + 1) * IMAGE_BYTES);
      const got = pixels.subarray(row * IMAGE_BYTES, (row + 1) * IMAGE_BYTES);
      const isEqual = expected.every((pixel, i) => got[i] === pixel);
      assert.ok(isEqual, `record ${record} differs`);
    });
  });
  assert.equal(step, order.length);
  return new Set(order.flatMap((indices) => [...indices])).size;
}

/** A loader that notes the epochs it is asked for. */
function counted(loader, opened) {
  return {
    schema: loader.schema,
    stepsPerEpoch: loader.stepsPerEpoch,
    cast: (casts) => counted(loader.cast(casts), opened),
    epoch: (epoch) => {
      opened.push(epoch);
      return loader.epoch(epoch);
    },
  };
}

async function train(training, heldOut) {
  const model = makeModel();
  const options = { xs: "image", ys: "label", cast: { image: { scale: 1 / 255 } } };
  const opened = [];
  const dataset = tfDataset(counted(training, opened), tf, options);
  const validationData = tfDataset(heldOut, tf, options);
  tf.dispose(await model.evaluateDataset(validationData)); // makes what the model keeps
  await model.fitDataset(dataset, { epochs: 1, verbose: 0 }); // and what the optimizer keeps
  const before = tf.memory().numTensors;
  const { history } = await model.fitDataset(dataset, { epochs: EPOCHS, verbose: 0, validationData });
  assert.equal(tf.memory().numTensors, before, "a tensor leaked");
  assert.deepEqual(opened, [0, 1, 2, 3]);
  return history.val_acc.at(-1);
}

async function check(folder) {
  const schema = { image: fields.uint8([28, 28, 1]), label: fields.uint8() };
  const [trainPath, heldOutPath] = ["train.hxz", "held-out.hxz"].map((name) => path.join(folder, name));
  await pack(records(0, labels.length - HELD_OUT), trainPath, { schema });
  await pack(records(labels.length - HELD_OUT, labels.length), heldOutPath, { schema });
  const [training, heldOut] = [await openDataset(trainPath), await openDataset(heldOutPath)];
  try {
    const shuffled = training.loader({ batchSize: BATCH, shuffle: { seed: 7 } });
    assert.equal(await checkPixels(shuffled), training.length);
    const accuracy = await train(shuffled, heldOut.loader({ batchSize: BATCH }));
    assert.ok(accuracy >= 0.75, `accuracy ${accuracy}`);
    console.log(
      `tfjs-node: ${training.length} records right, no tensor leaked, held-out accuracy ${accuracy.toFixed(3)}`,
    );
  } finally {
    await Promise.all([training.close(), heldOut.close()]);
  }
}

const folder = await mkdtemp(path.join(tmpdir(), "hexz-tfjs-node-"));
try {
  await check(folder);
} finally {
  await rm(folder, { recursive: true, force: true });
}
