import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { median } from "../timing.js";
import { type Entry, titleOf } from "./catalogue.js";
import { installEntry, lastLine } from "./install.js";
import type { Job, PeerResult } from "./job.js";
import { CACHE, type WorkloadData } from "./workloads.js";

const CORES = 2;
const COMPRESSED_SHARE = 0.9;
const SPARE_SECONDS = 120;
const PREPARE_SECONDS = 1800;

/** What the race found of an entry on a workload. */
export interface Standing {
  readonly workload: string;
  readonly peer: string;
  readonly variant: string;
  readonly storedBytes: number;
  /** The files are at least a tenth smaller than the raw ones. */
  readonly compressed: boolean;
  /** Median over all rounds; undefined where the peer could not run, and `problem` says why. */
  readonly median?: number | undefined;
  readonly firstBatchMs?: number | undefined;
  readonly problem?: string | undefined;
  readonly result?: PeerResult | undefined;
}

export interface RaceOptions {
  readonly rounds: number;
  readonly limitSeconds: number;
}

/** Races the entries on one workload: round after round each runs once in a process of its own, so that noise of the machine hits all alike. */
export async function race(entries: readonly Entry[], data: WorkloadData, options: RaceOptions): Promise<Standing[]> {
  const racers: Racer[] = [];
  for (const entry of entries) racers.push(await prepare(entry, data, options));
  for (let round = 1; round <= options.rounds; round++) {
    for (const racer of racers) if (racer.problem === undefined) await runOnce(racer, round);
  }
  return racers.map(standingOf);
}

/** An entry on its workload; with a `problem` it is out of the race. */
interface Racer {
  readonly entry: Entry;
  readonly command: readonly string[];
  readonly job: Job;
  readonly results: PeerResult[];
  problem: string | undefined;
}

async function prepare(entry: Entry, data: WorkloadData, options: RaceOptions): Promise<Racer> {
  const job: Job = { data, store: "", epochs: 1, limitSeconds: options.limitSeconds, args: entry.args ?? {} };
  const installed = installEntry(entry);
  if ("problem" in installed) {
    return { entry, command: [], job, results: [], problem: `not installed: ${installed.problem}` };
  }
  const { command, fingerprint } = installed;
  const name = entry.store === undefined ? "raw" : `${entry.store}-${fingerprint}`;
  const store = join(CACHE, "stores", `${data.name}-${data.records}`, name);
  const racer: Racer = { entry, command, job: { ...job, store }, results: [], problem: undefined };
  racer.problem = await fillStore(racer);
  return racer;
}

/** Lets a peer convert the data, unless it has before. hexz packs anew in each race: its format is what is being worked on. */
async function fillStore({ entry, command, job }: Racer): Promise<string | undefined> {
  const { store } = job;
  if (entry.store === undefined) return undefined;
  if (existsSync(store) && (entry.peer !== "hexz" || packed.has(store))) return undefined;
  console.log(`converting ${job.data.name} for ${titleOf(entry)}`);
  const partial = `${store}.partial`;
  for (const path of [store, partial]) rmSync(path, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const { problem } = await runProgram(command, "prepare", { ...job, store: partial }, PREPARE_SECONDS);
  if (problem === undefined) renameSync(partial, store);
  packed.add(store);
  return problem && `not converted: ${problem}`;
}

/** Stores made in this race. */
const packed = new Set<string>();

async function runOnce(racer: Racer, round: number): Promise<void> {
  const { entry, command, job } = racer;
  const seconds = 2 * (job.epochs + 1) * job.limitSeconds + SPARE_SECONDS;
  const { problem, output } = await runProgram(command, "run", job, seconds);
  const line = output.trimEnd().split("\n").at(-1) ?? "";
  if (problem === undefined && line.startsWith("{")) {
    const result: PeerResult = JSON.parse(line);
    racer.results.push(result);
    const rates = result.recordsPerSecond.map((rate) => Math.round(rate).toLocaleString("en"));
    console.log(
      `  round ${round}  ${titleOf(entry).padEnd(30)} ${rates.join(" ").padStart(12)} records/s${result.partial ? " (part)" : ""}`,
    );
  } else {
    racer.problem = problem ?? "printed no result";
    console.log(`  round ${round}  ${titleOf(entry).padEnd(30)} ${racer.problem}`);
  }
}

/** Runs a program on two cores; ends its whole process group after too long. */
function runProgram(
  command: readonly string[],
  action: "prepare" | "run",
  job: Job,
  seconds: number,
): Promise<{ readonly problem: string | undefined; readonly output: string }> {
  const pinned =
    process.platform === "linux" && availableParallelism() > CORES ? ["taskset", "-c", `0-${CORES - 1}`] : [];
  const [file = "", ...args] = [...pinned, ...command, action, JSON.stringify(job)];
  return new Promise((resolve) => {
    const child = spawn(file, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
    let [output, errors, late] = ["", "", false];
    child.stdout.on("data", (text) => (output += text));
    child.stderr.on("data", (text) => (errors = (errors + text).slice(-4000)));
    const end = () => {
      late = true;
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    };
    const timer = setTimeout(end, seconds * 1000);
    child.on("error", (error) => resolve({ problem: error.message, output }));
    child.on("close", (code) => {
      clearTimeout(timer);
      const failed = late
        ? `stopped after ${seconds} s`
        : code === 0
          ? undefined
          : lastLine(errors) || `exit code ${code}`;
      resolve({ problem: failed, output });
    });
  });
}

function standingOf({ entry, job, results, problem }: Racer): Standing {
  const rates = results.flatMap(({ recordsPerSecond }) => recordsPerSecond);
  const [first] = results;
  const storedBytes = directoryBytes(entry.store === undefined ? job.data.directory : job.store);
  return {
    workload: job.data.name,
    peer: entry.peer,
    variant: entry.variant,
    storedBytes,
    compressed: storedBytes < COMPRESSED_SHARE * job.data.rawBytes,
    median: problem === undefined ? median(rates) : undefined,
    firstBatchMs: problem === undefined ? median(results.map(({ firstBatchMs }) => firstBatchMs)) : undefined,
    problem,
    result: first && {
      ...first,
      recordsPerSecond: rates,
      peakMemoryBytes: Math.max(...results.map(({ peakMemoryBytes }) => peakMemoryBytes)),
      partial: results.some(({ partial }) => partial),
    },
  };
}

function directoryBytes(path: string): number {
  if (!existsSync(path)) return 0;
  const files = readdirSync(path, { recursive: true, encoding: "utf8" }).map((name) => statSync(join(path, name)));
  return files.filter((file) => file.isFile()).reduce((sum, { size }) => sum + size, 0);
}
