import { setTimeout } from "node:timers/promises";
import { type Dataset, openDataset } from "../../src/index.js";
import { stageSumMs } from "../stage-sum.js";
import { median, RUNS, timeMs } from "../timing.js";
import type { BenchData, Measure, Row } from "../types.js";

export const BATCH_SIZE = 128;
export const WORKERS = 2;
const TARGET_RATIO = 0.4;

/** Shuffled epochs: from the file, every block decoded; and from memory, where the data fits the default budget. */
export const measureEpoch: Measure = async (data) => [await decoded(data), await inMemory(data)];

/** A dataset is opened anew for each run; where its epoch takes a moment only, the threads of the limit are fresh ones as well. */
async function decoded(data: BenchData): Promise<Row> {
  const memory = data.smallBudgetBytes;
  const isWarm = memory !== undefined;
  const times: number[] = [];
  const limits: number[] = [];
  for (let run = 0; run <= RUNS; run++) {
    await using dataset = await openDataset(data.path, memory === undefined ? {} : { cache: { memory } });
    await startThreads(dataset);
    const ms = await timeMs(() => readEpoch(dataset, run));
    if (run === 0) continue; // the code was cold
    times.push(ms);
    limits.push(await stageSumMs(data.path, WORKERS, { isWarm }));
  }
  const what = `read + check + decode + one row copy, ${WORKERS} ${isWarm ? "" : "fresh "}threads`;
  const row = epochRow("shuffled epoch, every block decoded", data, times, limits, what);
  return { ...row, target: { text: `≥ ${TARGET_RATIO}`, met: (row.ratio ?? 0) >= TARGET_RATIO } };
}

async function inMemory(data: BenchData): Promise<Row> {
  await using dataset = await openDataset(data.path);
  const from = new Uint8Array(data.rawBytes).fill(1);
  const to = new Uint8Array(data.rawBytes).fill(2);
  for (const epoch of [0, 1]) await readEpoch(dataset, epoch); // decodes all blocks, warms the code
  const times: number[] = [];
  const limits: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    times.push(await timeMs(() => readEpoch(dataset, run + 2)));
    limits.push(await timeMs(() => to.set(from)));
  }
  return epochRow("shuffled epoch, all in memory", data, times, limits, "memcpy of the same bytes, 1 thread");
}

/** Longer than threads take to start: what is measured is an epoch of a training run, not its first moment. */
const START_MS = 200;

async function startThreads(dataset: Dataset): Promise<void> {
  dataset.loader({ batchSize: 1, workers: WORKERS });
  await setTimeout(START_MS);
}

async function readEpoch(dataset: Dataset, epoch: number): Promise<void> {
  const loader = dataset.loader({ batchSize: BATCH_SIZE, shuffle: { seed: 1 }, workers: WORKERS });
  let records = 0;
  for await (const batch of loader.epoch(epoch)) {
    records += batch.size;
    batch.release();
  }
  if (records !== dataset.length) throw new Error(`the epoch gave ${records} of ${dataset.length} records`);
}

function epochRow(
  measure: string,
  data: BenchData,
  ms: readonly number[],
  limitMs: readonly number[],
  what: string,
): Row {
  const perSecond = (time: number) => (data.records / time) * 1000;
  const runs = ms.map(perSecond);
  const value = median(runs);
  const limit = { value: perSecond(median(limitMs)), what };
  return { measure, data: data.name, unit: "records/s", value, limit, ratio: value / limit.value, runs };
}
