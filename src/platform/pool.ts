import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import { HexzError } from "../errors.js";
import { fromPlainError, isPlainError } from "../util/error-transfer.js";
import { assertInteger } from "../util/options.js";

/** Options of {@link createWorkerPool}. */
export interface WorkerPoolOptions {
  /** The worker's module; its default export takes a task and gives the result, wrapped in `withPlainErrors`. */
  readonly url: URL;
  /** Threads, at least 1; they start at once. */
  readonly threads: number;
  /** Cloned to each thread as `workerData`. */
  readonly workerData?: unknown;
  /** Tasks a thread holds at once, so that it has the next one at hand when it ends one. @default 1 */
  readonly tasksPerThread?: number;
}

/** Options of {@link WorkerPool.run}. */
export interface RunOptions {
  /** Buffers that move to the worker instead of being copied; the caller must not use them afterwards. */
  readonly transfer?: readonly ArrayBuffer[];
  readonly signal?: AbortSignal | undefined;
}

/** Threads that run tasks. An idle pool does not keep the process alive; one with a task under way does. */
export interface WorkerPool<T, R> extends AsyncDisposable {
  /**
   * Runs one task on the next free thread. An error thrown there is thrown here, with its code, context and cause. A task that was sent is never cut short: the
   * signal is looked at before it is sent and after it ends, so that nobody writes to shared memory after the call has settled.
   *
   * @throws HexzError `E_WORKER` where the thread died (another takes its place), `E_CLOSED`.
   */
  run(task: T, options?: RunOptions): Promise<R>;
  /** Ends all threads; tasks under way reject with `E_CLOSED`. */
  close(): Promise<void>;
}

/** A pool of worker threads, over piscina. */
export function createWorkerPool<T, R>(options: WorkerPoolOptions): WorkerPool<T, R> {
  assertInteger("options.threads", options.threads, 1);
  assertInteger("options.tasksPerThread", options.tasksPerThread ?? 1, 1);
  return new PiscinaPool<T, R>(options);
}

class PiscinaPool<T, R> implements WorkerPool<T, R> {
  readonly #name: string;
  readonly #threads: Piscina<T, R>;
  /** How to fail the tasks under way. */
  readonly #waiting = new Set<(cause: unknown) => void>();
  #lastFailure: unknown;
  #closing: Promise<void> | undefined;

  constructor({ url, threads, workerData, tasksPerThread = 1 }: WorkerPoolOptions) {
    this.#name = fileURLToPath(url);
    this.#threads = new Piscina<T, R>({
      filename: this.#name,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: tasksPerThread,
      atomics: "async",
      workerData,
    });
    this.#threads.on("error", (error: unknown) => {
      this.#lastFailure = error;
      this.#failIfDeserted();
    });
    // Piscina first removes the thread and decides whether to start another: look when that is done.
    this.#threads.on("workerDestroy", () => queueMicrotask(() => this.#failIfDeserted()));
  }

  async run(task: T, { transfer = [], signal }: RunOptions = {}): Promise<R> {
    signal?.throwIfAborted();
    this.#assertOpen();
    try {
      const result = await this.#send(task, transfer);
      signal?.throwIfAborted();
      return result;
    } catch (error) {
      signal?.throwIfAborted();
      throw this.#explained(error);
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#threads.destroy();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The result, or an error as soon as no thread is left to give one. */
  async #send(task: T, transfer: readonly ArrayBuffer[]): Promise<R> {
    let fail: (cause: unknown) => void = () => {};
    const deserted = new Promise<never>((_, reject) => {
      fail = reject;
    });
    this.#waiting.add(fail);
    try {
      return await Promise.race([this.#threads.run(task, { transferList: [...transfer] }), deserted]);
    } finally {
      this.#waiting.delete(fail);
    }
  }

  /** Piscina stops replacing threads that cannot even start, and leaves what is queued waiting for ever. */
  #failIfDeserted(): void {
    if (this.#threads.threads.length > 0) return;
    for (const fail of this.#waiting) fail(this.#lastFailure ?? new Error("no thread of the pool could start"));
  }

  #explained(error: unknown): unknown {
    if (isPlainError(error)) return fromPlainError(error);
    if (this.#closing !== undefined) return this.#closed(error);
    // Not from `withPlainErrors`: the thread died, or the task could not be sent to it.
    const why = error instanceof Error ? error.message : String(error);
    return new HexzError("E_WORKER", `a worker thread of ${this.#name} failed (${why})`, {
      context: { worker: this.#name },
      cause: error,
    });
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw this.#closed();
  }

  #closed(cause?: unknown): HexzError {
    return new HexzError("E_CLOSED", "the worker pool is closed", { context: { worker: this.#name }, cause });
  }
}
