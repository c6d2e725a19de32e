import type { BlockRecipe } from "../core/blocks.js";
import { HexzError, isHexzError } from "../errors.js";
import { createKernels } from "../kernels/index.js";
import { nextTurn } from "../platform/index.js";
import type { WorkerPool } from "../platform/pool.js";
import { createWorkerPool } from "../platform/pool.js";
import { formatBytes } from "../util/byte-size.js";
import type { Arena, Slot } from "./arena.js";
import type { Gathered, LoaderTask, ThreadSetup } from "./workers/protocol.js";
import type { Assignment } from "./workers/run-task.js";
import { assignmentScratchBytes, runTask } from "./workers/run-task.js";

/** Tasks a thread holds at once: the next is there when it ends one, and a batch does not queue behind many blocks. */
const TASKS_PER_THREAD = 3;
/** A task whose thread died is run again this often before its error counts. Tasks may be repeated: they only fill memory of their own. */
const MAX_ATTEMPTS = 3;

/** Runs tasks over the arena: on threads, or on the calling thread. */
export interface Executor extends AsyncDisposable {
  /** Threads; 0 is the calling thread. */
  readonly threads: number;
  /** Batches go before blocks: they give memory back. */
  run(task: LoaderTask): Promise<Gathered[]>;
  close(): Promise<void>;
}

export interface ExecutorOptions {
  readonly recipe: BlockRecipe;
  readonly arena: Arena;
  /** Raw bytes of the largest block. */
  readonly maxRawBytes: number;
  readonly threads: number;
  /** Room in the arena; undefined where there is none. What is needed may cost others theirs. */
  readonly reserve: (bytes: number, isNeeded: boolean) => Slot | undefined;
}

interface Waiting {
  readonly task: LoaderTask;
  /** Where a decode task may work. */
  readonly scratch?: number;
  readonly resolve: (gathered: Gathered[]) => void;
  readonly reject: (error: unknown) => void;
}

/** An executor. Threads start at once and take some 50 ms for it; until then the calling thread does their work. */
export function createExecutor(options: ExecutorOptions): Executor {
  return new TaskExecutor(options);
}

class TaskExecutor implements Executor {
  readonly threads: number;
  readonly #runHere: (assignment: Assignment) => Gathered[];
  readonly #pool: WorkerPool<Assignment | undefined, Gathered[]> | undefined;
  /** Rooms to decode in that no task has. */
  readonly #scratch: number[] = [];
  readonly #gathers: Waiting[] = [];
  readonly #decodes: Waiting[] = [];
  readonly #newScratch: () => number | undefined;
  #rooms = 1;
  #isUp = false;
  #running = 0;
  #closed = false;

  constructor({ recipe, arena, maxRawBytes, threads, reserve }: ExecutorOptions) {
    this.threads = threads;
    const bench = { memory: arena.memory, kernels: createKernels(arena.memory) };
    this.#runHere = (assignment) => runTask(assignment, bench, recipe, maxRawBytes);
    const scratchBytes = assignmentScratchBytes(maxRawBytes, recipe.rows);
    this.#newScratch = () => reserve(scratchBytes, false)?.at;
    const first = reserve(scratchBytes, true);
    if (first === undefined) throw tooSmall(scratchBytes, arena.limitBytes);
    this.#scratch.push(first.at);
    if (threads > 0) this.#pool = this.#start({ recipe, memory: arena.memory.handle, maxRawBytes });
  }

  #start(setup: ThreadSetup): WorkerPool<Assignment | undefined, Gathered[]> {
    const pool = createWorkerPool<Assignment | undefined, Gathered[]>({
      url: new URL("./workers/loader-worker.js", import.meta.url),
      threads: this.threads,
      workerData: setup,
      tasksPerThread: TASKS_PER_THREAD,
    });
    const up = () => {
      this.#isUp = true;
      this.#pump();
    };
    pool.run(undefined).then(up, up); // a pool that cannot start says so in the first real task
    return pool;
  }

  run(task: LoaderTask): Promise<Gathered[]> {
    return new Promise((resolve, reject) => {
      (task.kind === "gather" ? this.#gathers : this.#decodes).push({ task, resolve, reject });
      this.#pump();
    });
  }

  #pump(): void {
    const limit = this.#isUp ? this.threads * TASKS_PER_THREAD : 1;
    while (this.#running < limit) {
      const next = this.#gathers.shift() ?? this.#nextDecode();
      if (next === undefined) return;
      this.#running++;
      void this.#settle(next);
    }
  }

  /** A decode task with room to work in. The first room is there from the beginning, so a task that waits for one is never alone. */
  #nextDecode(): Waiting | undefined {
    if (this.#decodes.length === 0) return undefined;
    const scratch = this.#scratch.pop() ?? this.#moreScratch();
    const next = scratch === undefined ? undefined : this.#decodes.shift();
    return next === undefined || scratch === undefined ? undefined : { ...next, scratch };
  }

  /** A room for each thread and one more, so that a thread never waits for the next task to be sent. */
  #moreScratch(): number | undefined {
    if (this.#rooms > this.threads) return undefined;
    const room = this.#newScratch();
    if (room !== undefined) this.#rooms++;
    return room;
  }

  async #settle({ task, scratch, resolve, reject }: Waiting): Promise<void> {
    try {
      resolve(await this.#attempt({ task, scratch: scratch ?? 0 }));
    } catch (error) {
      reject(error);
    } finally {
      if (scratch !== undefined) this.#scratch.push(scratch);
      this.#running--;
      this.#pump();
    }
  }

  async #attempt(assignment: Assignment): Promise<Gathered[]> {
    if (this.#pool === undefined || !this.#isUp) {
      await nextTurn();
      return this.#runHere(assignment);
    }
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#pool.run(assignment);
      } catch (error) {
        if (this.#closed || attempt === MAX_ATTEMPTS || !isHexzError(error, "E_WORKER")) throw error;
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#pool?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function tooSmall(bytes: number, limitBytes: number): HexzError {
  const message = `decoding a block takes ${formatBytes(bytes)}, cache.memory leaves ${formatBytes(limitBytes)}; raise cache.memory`;
  return new HexzError("E_LIMIT", message, { context: { bytes, limitBytes } });
}
