import { closeSync, openSync, readSync } from "node:fs";
import { openSnapshot } from "../../src/index.js";
import { median, RUNS, timeMs } from "../timing.js";
import type { Measure } from "../types.js";

const OPENINGS_PER_RUN = 40;
const TARGET_MS = 5;

/** Opening with a warm page cache, against the two bare reads it makes. The first opening of the process, which also loads codecs, is left out. */
export const measureOpen: Measure = async ({ name, path }) => {
  await using snapshot = await openSnapshot(path);
  const { tailOffset, tailLength, countsOffset, countsStoredLength } = snapshot.header;
  const bareReads = () => {
    const file = openSync(path, "r");
    readSync(file, new Uint8Array(512), 0, 512, 0);
    readSync(file, new Uint8Array(tailLength), 0, tailLength, tailOffset);
    if (countsStoredLength > 0) readSync(file, new Uint8Array(countsStoredLength), 0, countsStoredLength, countsOffset);
    closeSync(file);
  };
  const runs = await perOpening(async () => (await openSnapshot(path)).close());
  const limit = median(await perOpening(bareReads));
  const value = median(runs);
  const target = { text: `≤ ${TARGET_MS} ms`, met: value <= TARGET_MS };
  const what = "the bare reads, synchronous";
  return [
    {
      measure: "open",
      data: name,
      unit: "ms",
      value,
      limit: { value: limit, what },
      ratio: limit / value,
      target,
      runs,
    },
  ];
};

async function perOpening(open: () => unknown): Promise<number[]> {
  const runs: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const ms = await timeMs(async () => {
      for (let i = 0; i < OPENINGS_PER_RUN; i++) await open();
    });
    runs.push(ms / OPENINGS_PER_RUN);
  }
  return runs;
}
