import { assertInteger } from "../util/options.js";
import type { Shard } from "./types.js";

/** What started this process as one of several. */
export type Launcher = "torchrun" | "open-mpi" | "slurm" | "kubernetes";

/** A shard, and who said so. */
export interface LauncherShard extends Shard {
  readonly from: Launcher;
}

export interface LauncherOptions {
  /** Ranks in all, for a launcher that tells the rank only: a Kubernetes Indexed Job. Where the environment says it too, both must agree. */
  readonly world?: number | undefined;
}

/** Variables by name, as `process.env`; an empty value is none. */
export type Environment = Readonly<Record<string, string | undefined>>;

interface LauncherNames {
  readonly from: Launcher;
  readonly rank: string;
  /** Names for the number of ranks; all that are set must agree. */
  readonly worlds: readonly string[];
}

/** From the inside out: what was started by the launcher before it in the list is what the process is a rank of. */
const LAUNCHERS: readonly LauncherNames[] = [
  { from: "torchrun", rank: "RANK", worlds: ["WORLD_SIZE"] },
  { from: "open-mpi", rank: "OMPI_COMM_WORLD_RANK", worlds: ["OMPI_COMM_WORLD_SIZE"] },
  { from: "slurm", rank: "SLURM_PROCID", worlds: ["SLURM_NTASKS", "SLURM_NPROCS"] },
  { from: "kubernetes", rank: "JOB_COMPLETION_INDEX", worlds: ["WORLD_SIZE"] },
];

/**
 * Rank and world from what a launcher sets. The first of these that has a rank is taken:
 *
 * | launcher | rank | world |
 * | --- | --- | --- |
 * | torchrun and whatever sets the same | `RANK` | `WORLD_SIZE` |
 * | Open MPI | `OMPI_COMM_WORLD_RANK` | `OMPI_COMM_WORLD_SIZE` |
 * | SLURM (`srun`) | `SLURM_PROCID` | `SLURM_NTASKS` (or `SLURM_NPROCS`) |
 * | Kubernetes Indexed Job | `JOB_COMPLETION_INDEX` | `options.world` or `WORLD_SIZE` |
 *
 * Torchrun and Open MPI run inside allocations of the other two, whose variables then count nodes or the batch script, hence the precedence. `WORLD_SIZE` without `RANK`
 * says the world only and must agree with the launcher that says the rank.
 *
 * @returns `undefined` where none of the variables is set.
 * @throws RangeError naming the variables: a rank without a world or a world without a rank, not an integer, a rank not below its world, two numbers that contradict each other.
 * @example
 * ```ts
 * const shard = shardFromEnvironment(process.env) ?? { rank: 0, world: 1 };
 * dataset.loader({ batchSize: 32, shard });
 * ```
 */
export function shardFromEnvironment(
  environment: Environment,
  options: LauncherOptions = {},
): LauncherShard | undefined {
  if (options.world !== undefined) assertInteger("options.world", options.world, 1);
  const launcher = LAUNCHERS.find(({ rank }) => isSet(environment, rank));
  if (launcher === undefined) return assertNoWorldAlone(environment);
  const world = agreedWorld(environment, launcher, options.world);
  const rank = readInteger(environment, launcher.rank, 0);
  if (rank < world.value) return { rank, world: world.value, from: launcher.from };
  throw new RangeError(`${launcher.rank} must be below ${world.name}, which is ${world.value}, got ${rank}`);
}

interface NamedNumber {
  readonly name: string;
  readonly value: number;
}

/** The number of ranks, as the launcher, `WORLD_SIZE` and the caller say it. */
function agreedWorld(environment: Environment, launcher: LauncherNames, option: number | undefined): NamedNumber {
  const own = launcher.worlds.filter((name) => isSet(environment, name));
  const names = new Set([
    ...own,
    ...["WORLD_SIZE"].filter((name) => isSet(environment, name) && !isSet(environment, "RANK")),
  ]);
  const said = Array.from(names, (name) => ({ name, value: readInteger(environment, name, 1) }));
  if (option !== undefined) said.push({ name: "options.world", value: option });
  const [first, ...others] = said;
  if (first === undefined || (own.length === 0 && launcher.from !== "kubernetes")) {
    const missing = launcher.worlds.join(" or ");
    const cure = launcher.from === "kubernetes" ? "set it or pass options.world" : "set both, or neither";
    throw new RangeError(`${launcher.rank} is set without ${missing}: ${cure}`);
  }
  const other = others.find(({ value }) => value !== first.value);
  if (other === undefined) return first;
  throw new RangeError(`${first.name} is ${first.value} and ${other.name} is ${other.value}: they must agree`);
}

/** SLURM sets the number of tasks in shells that are none of them: there, as elsewhere, half of the answer is no answer. */
function assertNoWorldAlone(environment: Environment): undefined {
  for (const { rank, worlds } of LAUNCHERS) {
    const world = worlds.find((name) => isSet(environment, name));
    if (world !== undefined) {
      throw new RangeError(`${world} is set without ${rank}: start with the launcher that sets both, or unset it`);
    }
  }
  return undefined;
}

function isSet(environment: Environment, name: string): boolean {
  const value = environment[name];
  return value !== undefined && value.trim() !== "";
}

function readInteger(environment: Environment, name: string, minimum: number): number {
  const text = (environment[name] ?? "").trim();
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value) && value >= minimum) return value;
  throw new RangeError(`${name} must be an integer >= ${minimum}, got ${JSON.stringify(text)}`);
}
