import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { recordBatches } from "../../loaders/arrow/index.js";
import { tfDataset } from "../../loaders/tfjs/index.js";
import { openDataset } from "../../src/index.js";
import { median, RUNS, timeMs } from "../timing.js";
import type { Measure, Row } from "../types.js";
import { BATCH_SIZE, WORKERS } from "./epoch.js";

/** Tensors (float32, scaled, cpu backend) and Arrow record batches, beside the plain batches they are made of. */
export const measureFeeds: Measure = async ({ name, path, records, smallBudgetBytes: memory }) => {
  await tf.setBackend("cpu");
  await using dataset = await openDataset(path, memory === undefined ? {} : { cache: { memory } });
  const loader = dataset.loader({ batchSize: BATCH_SIZE, shuffle: { seed: 1 }, workers: WORKERS });
  const [field = ""] = loader.fields;
  const cast = { [field]: { scale: 1 / 255 } };
  const times = await interleaved({
    plain: (epoch) => drain(loader.epoch(epoch)),
    tensors: (initialEpoch) =>
      tfDataset(loader, tf, { xs: field, ys: "label", cast, initialEpoch }).forEachAsync(() => {}),
    arrow: (epoch) => drain(recordBatches(loader.epoch(epoch))),
  });
  const perSecond = (ms: number) => (records / ms) * 1000;
  const limit = { value: perSecond(median(times.plain)), what: "the same batches as plain columns" };
  const row = (measure: string, ms: readonly number[]): Row => {
    const runs = ms.map(perSecond);
    return {
      measure,
      data: name,
      unit: "records/s",
      value: median(runs),
      limit,
      ratio: median(runs) / limit.value,
      runs,
    };
  };
  return [row("tfjs feed", times.tensors), row("Arrow feed", times.arrow)];
};

async function drain(batches: AsyncIterable<unknown>): Promise<void> {
  for await (const _batch of batches);
}

type Feed = "plain" | "tensors" | "arrow";

/** Runs every feed once a round, so that a slow moment of the machine hits all alike; the first round warms the code. Milliseconds per feed and round. */
async function interleaved(
  feeds: Readonly<Record<Feed, (epoch: number) => Promise<void>>>,
): Promise<Readonly<Record<Feed, readonly number[]>>> {
  const times: Record<Feed, number[]> = { plain: [], tensors: [], arrow: [] };
  for (let round = 0; round <= RUNS; round++) {
    for (const feed of ["plain", "tensors", "arrow"] as const) {
      const ms = await timeMs(() => feeds[feed](round));
      if (round > 0) times[feed].push(ms);
    }
  }
  return times;
}
