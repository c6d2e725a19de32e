// The whole path on real data: pack Fashion-MNIST, verify, train on shuffled batches, stop in mid-epoch, resume. Run by `npm run demo`.
import { mkdir, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { openDataset, openSnapshot, pack, SubsetRandomSampler } from "hexz";
import { idx } from "hexz/sources";
import { tfDataset } from "hexz/tfjs";

const FILE = "demo-output/fashion-mnist.hxz";
const EPOCHS = 6;
const BATCH_SIZE = 64;
const HELD_OUT_EVERY = 10;
const LEAST_ACCURACY = 0.8;

async function packDataset() {
  const data = (name) => new URL(`data/${name}`, import.meta.url).pathname;
  const source = idx({ images: data("t10k-images-idx3-ubyte.gz"), labels: data("t10k-labels-idx1-ubyte.gz") });
  const result = await pack(source, FILE, { overwrite: true });
  const { size } = await stat(FILE);
  const share = ((100 * size) / result.rawBytes).toFixed(0);
  console.log(
    `packed   ${result.records} records: ${mega(result.rawBytes)} raw, ${mega(size)} in ${FILE} (${share} %)`,
  );

  const snapshot = await openSnapshot(FILE);
  const { blocks } = await snapshot.verify({ deep: true });
  await snapshot.close();
  console.log(`verified ${blocks} blocks, every byte; id ${snapshot.id.slice(0, 16)}…`);
}

const mega = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

/** Record numbers of the two splits: every tenth record is held out. */
function split(length) {
  const all = Array.from({ length }, (_, i) => i);
  const isHeldOut = (i) => i % HELD_OUT_EVERY === 0;
  return { train: all.filter((i) => !isHeldOut(i)), heldOut: all.filter(isHeldOut) };
}

function createModel() {
  const seeded = (seed) => layers.initializers.glorotUniform({ seed });
  const model = layers.sequential();
  model.add(layers.layers.flatten({ inputShape: [28, 28, 1] }));
  model.add(layers.layers.dense({ units: 128, activation: "relu", kernelInitializer: seeded(1) }));
  model.add(layers.layers.dense({ units: 10, activation: "softmax", kernelInitializer: seeded(2) }));
  model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
  return model;
}

async function useWasmBackend() {
  const wasm = dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm"));
  setWasmPaths(`${wasm}/`);
  setThreadsCount(1);
  await tf.setBackend("wasm");
}

async function train(loader, heldOut) {
  const model = createModel();
  const toTensors = (from) => tfDataset(from, tf, { xs: "image", ys: "label", cast: { image: { scale: 1 / 255 } } });
  let accuracy = 0;
  let began = performance.now();
  await model.fitDataset(toTensors(loader), {
    epochs: EPOCHS,
    verbose: 0,
    validationData: toTensors(heldOut),
    callbacks: {
      onEpochBegin: () => {
        began = performance.now();
      },
      onEpochEnd: (epoch, logs) => {
        const perSecond = Math.round((loader.stepsPerEpoch * BATCH_SIZE) / ((performance.now() - began) / 1000));
        accuracy = logs.val_acc;
        const figures = `loss ${logs.loss.toFixed(3)}, held-out loss ${logs.val_loss.toFixed(3)}, accuracy ${accuracy.toFixed(3)}`;
        console.log(`epoch ${epoch}  ${figures}, ${perSecond} records/s`);
      },
    },
  });
  return accuracy;
}

/** Stops in mid-epoch, keeps the state as text, and goes on in a new loader: the same batches as without the stop. */
async function stopAndResume(dataset, options) {
  const whole = await indicesOf(dataset.loader(options).epoch(7));
  const epoch = dataset.loader(options).epoch(7);
  for (let step = 0; step < 40; step++) await epoch.next();
  const saved = JSON.stringify(epoch.state());
  await epoch.return();
  console.log(`stopped  after 40 of ${whole.length} batches; state: ${saved.slice(0, 60)}… (${saved.length} bytes)`);

  const rest = await indicesOf(dataset.loader({ ...options, workers: 0 }).resume(JSON.parse(saved)));
  const isSame = JSON.stringify(rest) === JSON.stringify(whole.slice(40));
  console.log(
    `resumed  ${rest.length} batches, ${isSame ? "exactly those that were left" : "NOT those that were left"}`,
  );
  return isSame;
}

async function indicesOf(epoch) {
  const batches = [];
  for await (const { indices } of epoch) batches.push([...indices]);
  return batches;
}

await mkdir("demo-output", { recursive: true });
await useWasmBackend();
await packDataset();
const dataset = await openDataset(FILE);
const { train: trainRecords, heldOut } = split(dataset.length);
const options = { batchSize: BATCH_SIZE, sampler: new SubsetRandomSampler(trainRecords, { seed: 7 }) };
const accuracy = await train(dataset.loader(options), dataset.loader({ batchSize: 500, sampler: heldOut }));
const isSame = await stopAndResume(dataset, options);
await dataset.close();
if (accuracy < LEAST_ACCURACY || !isSame) {
  console.error(`the demo failed: accuracy ${accuracy}, at least ${LEAST_ACCURACY} is expected`);
  process.exitCode = 1;
}
