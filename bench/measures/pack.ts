import { encodeBlock } from "../../src/core/blocks.js";
import { FILTER_NONE } from "../../src/core/format/columns.js";
import { openSnapshot } from "../../src/index.js";
import { loadPacking } from "../../src/pack/encode-block.js";
import { defaultThreads } from "../../src/platform/index.js";
import { median, megabytesPerSecond, RUNS, speeds } from "../timing.js";
import type { BenchData, Measure } from "../types.js";

/** Packing from the source to the published, verified file, against encoding the same blocks on one thread, divided by the threads. */
export const measurePack: Measure = async (data) => {
  const runs = speeds(data.rawBytes, data.packMs);
  const limit = megabytesPerSecond(data.rawBytes, (await encodeMs(data)) / defaultThreads());
  const value = median(runs);
  const what = "columns, LZ4, checksum, hash, decode-verify of the same blocks";
  return [
    {
      measure: "pack",
      data: data.name,
      unit: "MB/s",
      value,
      limit: { value: limit, what },
      ratio: value / limit,
      runs,
    },
  ];
};

async function encodeMs({ path }: BenchData): Promise<number> {
  await loadPacking();
  await using snapshot = await openSnapshot(path);
  const { rows } = snapshot;
  if (rows === undefined) throw new Error(`${path} has no rows`);
  const filters = rows.streamItemBytes.map(() => FILTER_NONE);
  const recipe = { codec: "lz4", level: 0, checksum: 2, rows, filters, verify: true } as const;
  const times: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    let ms = 0;
    for (let block = 0; block < snapshot.header.blocks; block++) {
      const raw = await snapshot.readBlock(block);
      const { count } = await snapshot.entry(block);
      const startMs = performance.now();
      encodeBlock(raw, count, recipe);
      ms += performance.now() - startMs;
    }
    times.push(ms);
  }
  return median(times);
}
