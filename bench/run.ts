/**
 * `npm run bench`: packs both datasets into a temporary directory, runs every measure beside its limit, writes `bench/results/latest.json` and the table in
 * README.md. `npm run bench -- get epoch` runs some measures and only prints.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { packFashionMnist, packGenerated } from "./data.js";
import { measureEpoch } from "./measures/epoch.js";
import { measureFeeds } from "./measures/feeds.js";
import { measureGet } from "./measures/get.js";
import { measureMemory } from "./measures/memory.js";
import { measureOpen } from "./measures/open.js";
import { measurePack } from "./measures/pack.js";
import { type Report, writeReport } from "./report.js";
import { formatRow } from "./table.js";
import { RUNS } from "./timing.js";
import type { Measure, Row } from "./types.js";

const MEASURES: Readonly<Record<string, Measure>> = {
  pack: measurePack,
  open: measureOpen,
  get: measureGet,
  epoch: measureEpoch,
  feeds: measureFeeds,
  memory: measureMemory,
};

async function main(names: readonly string[]): Promise<void> {
  const chosen = names.length === 0 ? Object.keys(MEASURES) : names;
  const unknown = chosen.filter((name) => !Object.hasOwn(MEASURES, name));
  if (unknown.length > 0)
    throw new Error(`no measure ${unknown.join(", ")}; there are ${Object.keys(MEASURES).join(", ")}`);
  const directory = await mkdtemp(join(tmpdir(), "hexz-bench-"));
  try {
    const rows = await measureAll(chosen, directory);
    if (names.length === 0) await writeReport(report(rows));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function measureAll(names: readonly string[], directory: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (const packData of [packFashionMnist, packGenerated]) {
    const data = await packData(directory);
    console.log(`\n${data.name}: ${data.records} records, ${data.rawBytes} raw bytes, ${data.fileBytes} bytes packed`);
    for (const name of names) {
      const made = (await MEASURES[name]?.(data)) ?? [];
      for (const row of made) console.log(formatRow(row));
      rows.push(...made);
    }
  }
  return rows;
}

function report(rows: readonly Row[]): Report {
  const machine = `${availableParallelism()} cores (${cpus()[0]?.model ?? "unknown"}), Node ${process.versions.node}`;
  return { made: new Date().toISOString().slice(0, 10), machine, runs: RUNS, rows };
}

await main(process.argv.slice(2));
