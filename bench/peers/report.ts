import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import type { Standing } from "./race.js";
import { nameOf, type Ratio } from "./targets.js";
import { SOURCES, type WorkloadData } from "./workloads.js";

/** Everything of a race, as `bench/results/peers.json` keeps it. */
export interface PeersReport {
  readonly made: string;
  readonly machine: string;
  readonly rounds: number;
  readonly limitSeconds: number;
  /** Sizes as raced; a smaller number of records than the workload's own is a trial, not a result. */
  readonly workloads: readonly Pick<WorkloadData, "name" | "records" | "batchSize" | "shape" | "rawBytes">[];
  readonly standings: readonly Standing[];
  readonly ratios: readonly Ratio[];
}

export function machineName(): string {
  return `${availableParallelism()} cores (${cpus()[0]?.model ?? "unknown"}), Node ${process.versions.node}`;
}

export function writePeersReport(report: PeersReport): string {
  const directory = join(SOURCES, "..", "results");
  mkdirSync(directory, { recursive: true });
  const path = join(directory, "peers.json");
  writeFileSync(path, `${JSON.stringify(report, undefined, 2)}\n`);
  return path;
}

/** A workload's standings, fastest first, as a Markdown table; peers that did not run are named below it. */
export function standingsTable(data: WorkloadData, standings: readonly Standing[]): string {
  const head = ["peer", "version", "records/s", "MB/s", "spread", "first batch", "stored", "memory", "order"];
  const ran = standings.filter((s) => s.median !== undefined).toSorted((a, b) => (b.median ?? 0) - (a.median ?? 0));
  const lines = ran.map((standing) => rowOf(standing, data));
  const table = [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`);
  const missing = standings
    .filter((s) => s.median === undefined)
    .map((s) => `- ${nameOf(s)} did not run: ${s.problem}`);
  const title = `${data.name}: ${data.records.toLocaleString("en")} records, ${megabytes(data.rawBytes)}, batch ${data.batchSize}`;
  return [title, "", ...table, ...(missing.length > 0 ? ["", ...missing] : [])].join("\n");
}

function rowOf(standing: Standing, data: WorkloadData): string[] {
  const { median = 0, firstBatchMs = 0, storedBytes, result } = standing;
  const rates = result?.recordsPerSecond ?? [];
  const spread = `${Math.round((100 * (Math.max(...rates) - Math.min(...rates))) / median)} %`;
  return [
    nameOf(standing),
    result?.version ?? "",
    `${Math.round(median).toLocaleString("en")}${result?.partial === true ? " (part of an epoch)" : ""}`,
    Math.round((median * data.rawBytes) / data.records / 1e6).toLocaleString("en"),
    spread,
    `${firstBatchMs < 1000 ? `${Math.round(firstBatchMs)} ms` : `${(firstBatchMs / 1000).toFixed(1)} s`}`,
    megabytes(storedBytes),
    megabytes(result?.peakMemoryBytes ?? 0),
    result?.order ?? "",
  ];
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

/** `hexz LZ4 ÷ read-sync   2.31  target ≥ 2: met`. */
export function ratioLine({ what, value, target, workload }: Ratio): string {
  const found = value === undefined ? "not run" : value.toFixed(2);
  const goal =
    value === undefined
      ? ""
      : `  target ≥ ${target}${workload === "W1" ? `: ${value >= target ? "met" : "missed"}` : " on W1"}`;
  return `  ${what.padEnd(60)} ${found.padStart(7)}${goal}`;
}
