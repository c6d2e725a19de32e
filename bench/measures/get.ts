import { openDataset, openSnapshot, RandomSampler } from "../../src/index.js";
import { stageSumMs } from "../stage-sum.js";
import { median, RUNS } from "../timing.js";
import type { BenchData, Measure } from "../types.js";

const GETS_PER_RUN = 2000;
/** Records of few enough blocks that all stay in the ad-hoc cache. */
const WARM_RECORDS = 2000;
const TARGET_WARM_US = 10;

/** `get(i)` at random: the block in memory, or to be read and decoded. Median over single calls. */
export const measureGet: Measure = async (data) => [await warm(data), await cold(data)];

async function warm({ name, path, records }: BenchData) {
  await using dataset = await openDataset(path);
  const chosen = randomRecords(Math.min(WARM_RECORDS, records));
  await dataset.getMany(chosen);
  const runs = await medianUsOfGets(chosen, (record) => dataset.get(record));
  const value = median(runs);
  const target = { text: `≤ ${TARGET_WARM_US} µs`, met: value <= TARGET_WARM_US };
  const limit = { value: await medianCopyUs(path), what: "a copy of one record's bytes" };
  return {
    measure: "get, warm",
    data: name,
    unit: "µs",
    value,
    limit,
    ratio: limit.value / value,
    target,
    runs,
  } as const;
}

async function cold({ name, path, records, rawBytes }: BenchData) {
  // As little memory as allowed, so that no block stays.
  await using dataset = await openDataset(path, { cache: { memory: 16 * 2 ** 20 } });
  const blocks = Math.max(1, rawBytes / 2 ** 17);
  const runs = await medianUsOfGets(randomRecords(records).slice(0, GETS_PER_RUN), (record) => dataset.get(record));
  const value = median(runs);
  const limit = {
    value: ((await stageSumMs(path, 1)) * 1000) / blocks,
    what: "read, check and decode of a mean block",
  };
  return { measure: "get, cold", data: name, unit: "µs", value, limit, ratio: limit.value / value, runs } as const;
}

function randomRecords(count: number): number[] {
  const order = new RandomSampler(count, { seed: 1 }).epoch(0);
  const chosen = new Float64Array(Math.min(count, WARM_RECORDS));
  order.fill(0, 1, chosen);
  return [...chosen];
}

async function medianUsOfGets(
  records: readonly number[],
  get: (record: number) => Promise<unknown>,
): Promise<number[]> {
  const runs: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const times: number[] = [];
    for (let i = 0; i < GETS_PER_RUN; i++) {
      const record = records[i % records.length] ?? 0;
      const start = process.hrtime.bigint();
      await get(record);
      times.push(Number(process.hrtime.bigint() - start) / 1000);
    }
    runs.push(median(times));
  }
  return runs;
}

async function medianCopyUs(path: string): Promise<number> {
  await using snapshot = await openSnapshot(path);
  const recordBytes = snapshot.rows?.strideBytes ?? 1;
  const block = await snapshot.readBlock(0);
  const times: number[] = [];
  for (let i = 0; i < GETS_PER_RUN; i++) {
    const start = process.hrtime.bigint();
    block.slice(0, recordBytes);
    times.push(Number(process.hrtime.bigint() - start) / 1000);
  }
  return median(times);
}
