import type { BlockRecipe } from "../core/blocks.js";
import { HexzError, isHexzError } from "../errors.js";
import { createKernels } from "../kernels/index.js";
import { nextTurn } from "../platform/index.js";
import type { WorkerPool } from "../platform/pool.js";
import { createWorkerPool } from "../platform/pool.js";
import { fromPlainError } from "../util/error-transfer.js";
import type { Arena } from "./arena.js";
import type { ScratchRooms } from "./scratch-rooms.js";
import type { ThreadStats } from "./stats.js";
import type { Gathered, LoaderTask, Outcome, TaskPackage, ThreadSetup } from "./workers/protocol.js";
import { runPackage } from "./workers/run-task.js";

/** Packages a thread holds at once: the next is there when it ends one. */
const PACKAGES_PER_THREAD = 2;
/** Work in a package, in blocks: about a millisecond and a half, beside which a message and its answer cost little. */
const PACKAGE_WORK = 14;
const BLOCK_BYTES = 2 ** 17;
/** A task whose thread dies this often is refused. */
const MAX_DEATHS = 3;

/** Runs tasks over the arena: on threads, or on the calling thread. */
export interface Executor extends AsyncDisposable {
  /** Threads; 0 is the calling thread. */
  readonly threads: number;
  /** Batches go before blocks: they give memory back. */
  run(task: LoaderTask): Promise<readonly Gathered[]>;
  readonly stats: ThreadStats;
  close(): Promise<void>;
}

export interface ExecutorOptions {
  readonly recipe: BlockRecipe;
  readonly arena: Arena;
  /** Raw bytes of the largest block. */
  readonly maxRawBytes: number;
  readonly threads: number;
  readonly rooms: ScratchRooms;
}

interface Waiting {
  readonly task: LoaderTask;
  /** Times its thread died. */
  deaths: number;
  readonly resolve: (gathered: readonly Gathered[]) => void;
  readonly reject: (error: unknown) => void;
}

/** An executor. Threads start at once and take some 50 ms for it; until then the calling thread does their work. */
export function createExecutor(options: ExecutorOptions): Executor {
  return new PackageExecutor(options);
}

class PackageExecutor implements Executor {
  readonly threads: number;
  readonly #runHere: (tasks: TaskPackage) => Outcome[];
  readonly #pool: WorkerPool<TaskPackage, Outcome[]> | undefined;
  readonly #rooms: ScratchRooms;
  readonly #whenFree = () => this.#pump();
  #gathers: Waiting[] = [];
  #decodes: Waiting[] = [];
  #isUp = false;
  #running = 0;
  #decodeMs = 0;
  #gatherMs = 0;
  #closed = false;

  constructor({ recipe, arena, maxRawBytes, threads, rooms }: ExecutorOptions) {
    this.threads = threads;
    const bench = { memory: arena.memory, kernels: createKernels(arena.memory) };
    this.#runHere = (tasks) => runPackage(tasks, bench, recipe, maxRawBytes);
    this.#rooms = rooms;
    if (threads > 0) this.#pool = this.#start({ recipe, memory: arena.memory.handle, maxRawBytes });
  }

  #start(setup: ThreadSetup): WorkerPool<TaskPackage, Outcome[]> {
    const pool = createWorkerPool<TaskPackage, Outcome[]>({
      url: new URL("./workers/loader-worker.js", import.meta.url),
      threads: this.threads,
      workerData: setup,
      tasksPerThread: PACKAGES_PER_THREAD,
    });
    const up = () => {
      this.#isUp = true;
      this.#pump();
    };
    pool.run({ tasks: [], scratch: 0 }).then(up, up); // a pool that cannot start says so in the first real package
    return pool;
  }

  run(task: LoaderTask): Promise<readonly Gathered[]> {
    return new Promise((resolve, reject) => {
      (task.kind === "gather" ? this.#gathers : this.#decodes).push({ task, deaths: 0, resolve, reject });
      this.#pump();
    });
  }

  #pump(): void {
    const limit = this.#isUp ? this.threads * PACKAGES_PER_THREAD : 1;
    while (this.#running < limit && this.#gathers.length + this.#decodes.length > 0) {
      const scratch = this.#rooms.take(this.threads + 1, this.#whenFree);
      if (scratch === undefined) return;
      this.#running++;
      void this.#send(this.#nextPackage(), scratch);
    }
  }

  /** Batches first, then blocks: one thread's share, up to a package's worth of work. */
  #nextPackage(): Waiting[] {
    const waiting = this.#gathers.length + this.#decodes.length;
    const share = this.#isUp ? Math.ceil(waiting / this.threads) : 1;
    const taken: Waiting[] = [];
    for (let work = 0; taken.length < share && work < PACKAGE_WORK; ) {
      const next = this.#gathers.shift() ?? this.#decodes.shift();
      if (next === undefined) break;
      taken.push(next);
      work += workOf(next.task);
    }
    return taken;
  }

  async #send(waiting: readonly Waiting[], scratch: number): Promise<void> {
    try {
      const outcomes = await this.#outcomes({ tasks: waiting.map(({ task }) => task), scratch });
      for (const [i, outcome] of outcomes.entries()) this.#settle(waiting[i], outcome);
    } catch (error) {
      for (const each of waiting) this.#runAgain(each, error);
    } finally {
      this.#running--;
      this.#rooms.give(scratch);
      this.#pump();
    }
  }

  async #outcomes(tasks: TaskPackage): Promise<readonly Outcome[]> {
    if (this.#pool !== undefined && this.#isUp) return this.#pool.run(tasks);
    await nextTurn();
    // After `close` the snapshot's descriptor may be that of another file.
    if (this.#closed) throw new HexzError("E_CLOSED", "the dataset has been closed; open it again");
    return this.#runHere(tasks);
  }

  #settle(waiting: Waiting | undefined, outcome: Outcome): void {
    if (waiting === undefined) throw new RangeError("a package gives one outcome per task");
    if (waiting.task.kind === "gather") this.#gatherMs += outcome.ms;
    else this.#decodeMs += outcome.ms;
    if ("error" in outcome) waiting.reject(fromPlainError(outcome.error));
    else waiting.resolve(outcome.gathered);
  }

  get stats(): ThreadStats {
    return { decodeMs: this.#decodeMs, gatherMs: this.#gatherMs };
  }

  /** Tasks may be repeated: they only fill memory of their own. */
  #runAgain(waiting: Waiting, error: unknown): void {
    waiting.deaths++;
    if (this.#closed || waiting.deaths === MAX_DEATHS || !isHexzError(error, "E_WORKER")) waiting.reject(error);
    else (waiting.task.kind === "gather" ? this.#gathers : this.#decodes).unshift(waiting);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#pool?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Work of a task, in blocks: a row is copied in a third of the time its share of a block takes to decode. */
function workOf(task: LoaderTask): number {
  if (task.kind === "decode") return task.jobs.length;
  return task.jobs.reduce((sum, { bytes }) => sum + bytes / (3 * BLOCK_BYTES), 0);
}
