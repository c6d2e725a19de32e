import "@tensorflow/tfjs-backend-cpu";
import { createRequire } from "node:module";
import path from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { type TfDataset, tfDataset } from "../../loaders/tfjs/index.js";
import { fields } from "../../src/dataset/fields.js";
import { type FakeLoader, fakeLoader, recordAt } from "./fake-loader.js";

const RECORDS = 20;
const BATCH = 8; // 3 steps: 8, 8, 4
const schema = { image: fields.uint8([2, 2, 1]), label: fields.uint8() };
type Loader = FakeLoader<typeof schema>;

function imageLoader(): Loader {
  const image = Uint8Array.from({ length: RECORDS * 4 }, (_, i) => (i * 37) % 256);
  const label = Uint8Array.from({ length: RECORDS }, (_, i) => i % 3);
  return fakeLoader({ schema, columns: { image, label }, records: RECORDS, batchSize: BATCH });
}

const forTraining = { xs: "image", ys: "label", cast: { image: { scale: 1 / 255 } } } as const;

function compiledModel(): layers.LayersModel {
  const model = layers.sequential({
    layers: [
      layers.layers.flatten({ inputShape: [2, 2, 1] }),
      layers.layers.dense({ units: 3, activation: "softmax" }),
    ],
  });
  model.compile({ optimizer: "sgd", loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
  return model;
}

const require = createRequire(import.meta.url);
setWasmPaths(`${path.dirname(require.resolve("@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm"))}/`);
setThreadsCount(1);

describe.each(["cpu", "wasm"])("tfDataset on the %s backend", (backend) => {
  beforeEach(async () => {
    if (backend === "wasm") tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
    await tf.setBackend(backend);
    await tf.ready();
    expect(tf.getBackend()).toBe(backend);
  });

  it("trains three epochs on the epochs 0, 1 and 2 and leaks no tensor", async () => {
    const loader = imageLoader();
    const model = compiledModel();
    const dataset = tfDataset(loader, tf, forTraining);
    await model.fitDataset(dataset, { epochs: 1, verbose: 0 }); // the optimizer makes its variables once
    const before = tf.memory().numTensors;
    const history = await model.fitDataset(dataset, { epochs: 3, verbose: 0 });
    expect(tf.memory().numTensors).toBe(before);
    expect(history.epoch).toEqual([0, 1, 2]);
    expect(loader.counters.opened).toEqual([0, 1, 2, 3]); // the iterator that fitDataset never reads takes no epoch
    expect(loader.counters.closed).toBe(4);
  });

  it("validates on a dataset of its own", async () => {
    const [train, held] = [imageLoader(), imageLoader()];
    const model = compiledModel();
    const options = { epochs: 2, verbose: 0, validationData: tfDataset(held, tf, forTraining) };
    const history = await model.fitDataset(tfDataset(train, tf, forTraining), options);
    expect(history.history.val_loss).toHaveLength(2);
    expect(held.counters).toEqual({ opened: [0, 1], closed: 2, returned: 0 });
  });

  it("evaluates part of an epoch and releases it when read again", async () => {
    const loader = imageLoader();
    const model = compiledModel();
    const dataset = tfDataset(loader, tf, forTraining);
    tf.dispose(await model.evaluateDataset(dataset, { batches: 1 }));
    expect(loader.counters).toEqual({ opened: [0], closed: 0, returned: 0 });
    tf.dispose(await model.evaluateDataset(dataset, { batches: 1 }));
    expect(loader.counters).toEqual({ opened: [0, 1], closed: 1, returned: 1 });
    await dataset.close();
    expect(loader.counters).toEqual({ opened: [0, 1], closed: 2, returned: 2 });
  });

  it("spans epochs with batchesPerEpoch and repeat", async () => {
    const loader = imageLoader();
    const model = compiledModel();
    await using dataset = tfDataset(loader, tf, { ...forTraining, repeat: true });
    expect(dataset.size).toBe(Number.POSITIVE_INFINITY);
    const history = await model.fitDataset(dataset, { epochs: 2, batchesPerEpoch: 5, verbose: 0 });
    expect(history.epoch).toEqual([0, 1]);
    expect(loader.counters.opened).toEqual([0, 1, 2, 3]); // 10 batches of 3 an epoch
    expect(loader.batches.map((batch) => batch.epoch)).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2, 3]);
  });

  it("is released after stopTraining in mid-epoch", async () => {
    const loader = imageLoader();
    const model = compiledModel();
    const dataset = tfDataset(loader, tf, forTraining);
    const stop = new layers.CustomCallback({
      onBatchEnd: async () => {
        model.stopTraining = true;
      },
    });
    await model.fitDataset(dataset, { epochs: 3, verbose: 0, callbacks: stop });
    expect(loader.batches).toHaveLength(1);
    expect(loader.counters.closed).toBe(0);
    await model.fitDataset(dataset, { epochs: 1, verbose: 0 });
    expect(loader.counters).toEqual({ opened: [0, 1], closed: 2, returned: 1 });
  });

  it("leaks nothing when the transform throws", async () => {
    const loader = imageLoader();
    const before = tf.memory().numTensors;
    const dataset = tfDataset(loader, tf, {
      ...forTraining,
      transform: ({ xs }) => {
        tf.square(xs);
        throw new Error("mine");
      },
    });
    await expect((await dataset.iterator()).next()).rejects.toThrow("mine");
    expect(tf.memory().numTensors).toBe(before);
    expect(loader.counters).toEqual({ opened: [0], closed: 1, returned: 1 });
  });

  it("keeps what the transform returns and disposes the rest", async () => {
    const dataset = tfDataset(imageLoader(), tf, {
      ...forTraining,
      transform: ({ xs, ys }, t) => ({ xs: t.reshape(xs, [-1, 4]), ys: t.oneHot(t.cast(ys, "int32"), 3) }),
    });
    const before = tf.memory().numTensors;
    const { value } = await (await dataset.iterator()).next();
    expect(value?.xs.shape).toEqual([BATCH, 4]);
    expect(value?.ys.shape).toEqual([BATCH, 3]);
    expect(tf.memory().numTensors).toBe(before + 2);
    tf.dispose([value?.xs, value?.ys]);
    await dataset.close();
  });

  it("gives forEachAsync one epoch of the stored values and disposes them", async () => {
    const before = tf.memory().numTensors;
    const labels: number[] = [];
    await tfDataset(imageLoader(), tf, { xs: "image", ys: "label", repeat: true }).forEachAsync(async ({ xs, ys }) => {
      expect([xs.dtype, ys.dtype]).toEqual(["float32", "float32"]);
      labels.push(...(await ys.data()));
    });
    expect(labels).toEqual(Array.from({ length: RECORDS }, (_, i) => recordAt(i, 0, RECORDS) % 3));
    expect(tf.memory().numTensors).toBe(before);
  });

  it("disposes and releases when forEachAsync's function throws", async () => {
    const loader = imageLoader();
    const before = tf.memory().numTensors;
    const failing = tfDataset(loader, tf, forTraining).forEachAsync(() => Promise.reject(new Error("mine")));
    await expect(failing).rejects.toThrow("mine");
    expect(tf.memory().numTensors).toBe(before);
    expect(loader.counters.closed).toBe(1);
  });
});

describe("tfDataset's iterators", () => {
  const next = async <R>(dataset: TfDataset<R>) => (await dataset.iterator()).next();

  it("opens nothing before the first next() and ends with value null", async () => {
    const loader = imageLoader();
    const dataset = tfDataset(loader, tf, forTraining);
    const unread = await dataset.iterator();
    const iterator = await dataset.iterator();
    expect(loader.counters.opened).toEqual([]);
    for (let step = 0; step < 3; step++) tf.dispose((await iterator.next()).value ?? []);
    expect(await iterator.next()).toEqual({ done: true, value: null });
    expect(await iterator.next()).toEqual({ done: true, value: null });
    expect(loader.counters).toEqual({ opened: [0], closed: 1, returned: 0 });
    await unread.return();
    expect(loader.counters.opened).toEqual([0]);
  });

  it("tells an iterator that another one took its place, and one whose dataset was closed", async () => {
    const dataset = tfDataset(imageLoader(), tf, forTraining);
    const first = await dataset.iterator();
    const second = await dataset.iterator();
    tf.dispose((await first.next()).value ?? []);
    tf.dispose((await second.next()).value ?? []);
    await expect(first.next()).rejects.toMatchObject({
      code: "E_CLOSED",
      message: expect.stringMatching(/newer iterator/),
    });
    await dataset.close();
    await dataset.close();
    await expect(second.next()).rejects.toMatchObject({
      code: "E_CLOSED",
      message: expect.stringMatching(/was closed/),
    });
    await expect(dataset.iterator()).rejects.toMatchObject({ code: "E_CLOSED" });
  });

  it("releases an epoch whose iterator was garbage collected", async () => {
    setFlagsFromString("--expose-gc");
    const collect: unknown = runInNewContext("gc");
    if (typeof collect !== "function") throw new Error("this Node has no gc");
    const loader = imageLoader();
    const dataset = tfDataset(loader, tf, forTraining);
    tf.dispose((await next(dataset)).value ?? []);
    const collected = () => {
      collect();
      expect(loader.counters).toEqual({ opened: [0], closed: 1, returned: 1 });
    };
    await vi.waitFor(collected, { timeout: 50_000, interval: 10 }); // when the engine calls back is its own affair
    expect(dataset.size).toBe(3); // the dataset itself is still in use
  });

  it("releases a batch when the data of its tensors is gone, not while a clone still shows it", async () => {
    await tf.setBackend("cpu"); // the one whose clones share memory
    const loader = imageLoader();
    const iterator = await tfDataset(loader, tf, { xs: "image" }).iterator();
    const first = await iterator.next();
    if (first.value === null) throw new Error("no batch");
    const clone = first.value.xs.clone();
    const values = [...clone.dataSync()];
    tf.dispose(first.value);
    tf.dispose((await iterator.next()).value ?? []);
    expect(loader.released).toEqual([]);
    expect([...clone.dataSync()]).toEqual(values);
    clone.dispose();
    tf.dispose((await iterator.next()).value ?? []);
    expect(loader.released).toEqual([0, 1]);
    await iterator.return();
  });

  it("goes on from a saved state before every step", async () => {
    const epochsAndSteps = async (resume?: TfDataset<unknown>["state"]) => {
      const loader = imageLoader();
      const dataset = tfDataset(loader, tf, { ...forTraining, repeat: true, resume });
      const states = [dataset.state];
      for await (const tensors of dataset) {
        tf.dispose([tensors.xs, tensors.ys]);
        states.push(dataset.state);
        if (loader.batches.at(-1)?.epoch === 2) break;
      }
      expect(loader.counters.closed).toBe(loader.counters.opened.length);
      return { states, seen: loader.batches.map(({ epoch, step }) => `${epoch}/${step}`) };
    };
    const whole = await epochsAndSteps();
    expect(whole.seen).toEqual(["0/0", "0/1", "0/2", "1/0", "1/1", "1/2", "2/0"]);
    for (const [taken, state] of whole.states.slice(0, -1).entries())
      expect((await epochsAndSteps(state)).seen).toEqual(whole.seen.slice(taken));
  });

  it("starts at initialEpoch", async () => {
    const loader = imageLoader();
    const dataset = tfDataset(loader, tf, { ...forTraining, initialEpoch: 4 });
    await dataset.forEachAsync(() => undefined);
    await dataset.forEachAsync(() => undefined);
    expect(loader.counters.opened).toEqual([4, 5]);
  });

  it("skips empty batches and ends where every epoch is empty", async () => {
    const empty = {
      schema,
      columns: { image: new Uint8Array(), label: new Uint8Array() },
      records: 0,
      batchSize: BATCH,
    };
    const dataset = tfDataset(fakeLoader(empty), tf, { ...forTraining, repeat: true });
    expect(await next(dataset)).toEqual({ done: true, value: null });
  });
});

describe("tfDataset's types", () => {
  it("accepts TensorFlow.js as it is and infers the tensors", async () => {
    const dataset = tfDataset(imageLoader(), tf, { xs: ["image"], ys: { out: "label" } });
    for await (const batch of dataset) {
      const xs: tf.Tensor[] = batch.xs;
      const out: tf.Tensor = batch.ys.out;
      // @ts-expect-error no such output
      expect(batch.ys.other).toBeUndefined();
      expect([xs.length, out.shape]).toEqual([1, [BATCH]]);
      tf.dispose([...xs, out]);
      break;
    }
    // @ts-expect-error not a field
    expect(() => tfDataset(imageLoader(), tf, { xs: "picture" })).toThrow(TypeError);
    const withoutTargets = tfDataset(imageLoader(), tf, { xs: "image" });
    await withoutTargets.forEachAsync((batch) => {
      // @ts-expect-error no targets were selected
      expect(batch.ys).toBeUndefined();
    });
  });
});
