/**
 * `npm run bench:peers`: races hexz against other loaders on the workloads of README.md, prints a table of each and the ratios, and writes
 * `bench/results/peers.json` after a whole race at full size. What it installs and converts stays in `.cache/bench-peers`.
 */
import { parseArgs } from "node:util";
import { CATALOGUE, type Entry } from "./catalogue.js";
import { workloadData } from "./generate.js";
import { race, type Standing } from "./race.js";
import { machineName, ratioLine, standingsTable, writePeersReport } from "./report.js";
import { ratios } from "./targets.js";
import { WORKLOADS, type WorkloadData } from "./workloads.js";

const USAGE = `npm run bench:peers -- [options]
  --only a,b       peers to race, with hexz: ${[...new Set(CATALOGUE.map(({ peer }) => peer))].join(", ")}
  --workload W1    workloads to race on: ${WORKLOADS.map(({ name }) => name).join(", ")}
  --rounds N       runs of each peer; the median counts (5)
  --scale F        share of each workload's records, for trials (1)
  --limit S        seconds after which an epoch is cut off and its rate taken for the rest (20)
  --write          write bench/results/peers.json although this is not the whole race`;

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) return console.log(USAGE);
  const datas: WorkloadData[] = [];
  const standings: Standing[] = [];
  for (const workload of options.workloads) {
    const data = workloadData({ ...workload, records: Math.max(1, Math.round(workload.records * options.scale)) });
    const entries = options.entries.filter(({ workloads }) => workloads?.includes(workload.name) ?? true);
    console.log(
      `\n${workload.name}: ${data.records} records, ${Math.round(data.rawBytes / 1e6)} MB, ${options.rounds} rounds`,
    );
    datas.push(data);
    standings.push(...(await race(entries, data, options)));
  }
  const found = datas.flatMap(({ name }) => ratios(name, standings));
  for (const data of datas) {
    console.log(
      `\n${standingsTable(
        data,
        standings.filter(({ workload }) => workload === data.name),
      )}\n`,
    );
    for (const ratio of found.filter(({ workload }) => workload === data.name)) console.log(ratioLine(ratio));
  }
  if (!options.write) return;
  const workloads = datas.map(({ name, records, batchSize, shape, rawBytes }) => ({
    name,
    records,
    batchSize,
    shape,
    rawBytes,
  }));
  const { rounds, limitSeconds } = options;
  const made = new Date().toISOString().slice(0, 10);
  console.log(
    `\nwrote ${writePeersReport({ made, machine: machineName(), rounds, limitSeconds, workloads, standings, ratios: found })}`,
  );
}

interface Options {
  readonly entries: readonly Entry[];
  readonly workloads: typeof WORKLOADS;
  readonly rounds: number;
  readonly scale: number;
  readonly limitSeconds: number;
  readonly write: boolean;
}

function readOptions(args: readonly string[]): Options | undefined {
  const text = { type: "string" } as const;
  const known = { only: text, workload: text, rounds: text, scale: text, limit: text } as const;
  const flags = { write: { type: "boolean" }, help: { type: "boolean" } } as const;
  const { values } = parseArgs({ args: [...args], options: { ...known, ...flags } });
  if (values.help === true) return undefined;
  const peers = chosen("--only", values.only, [...new Set(CATALOGUE.map(({ peer }) => peer))]);
  const names = chosen(
    "--workload",
    values.workload,
    WORKLOADS.map(({ name }) => name),
  );
  const scale = positive("--scale", values.scale, 1);
  return {
    entries: CATALOGUE.filter(({ peer }) => peer === "hexz" || peers.includes(peer)),
    workloads: WORKLOADS.filter(({ name }) => names.includes(name)),
    rounds: Math.ceil(positive("--rounds", values.rounds, 5)),
    scale,
    limitSeconds: positive("--limit", values.limit, 20),
    write: values.write === true || (values.only === undefined && values.workload === undefined && scale === 1),
  };
}

function chosen(option: string, value: string | undefined, known: readonly string[]): readonly string[] {
  const names = value?.split(",") ?? known;
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new RangeError(`${option}: no ${unknown.join(", ")}; there are ${known.join(", ")}`);
  return names;
}

function positive(option: string, value: string | undefined, fallback: number): number {
  const number = Number(value ?? fallback);
  if (!(number > 0)) throw new RangeError(`${option} must be a positive number, got ${value}`);
  return number;
}

await main();
