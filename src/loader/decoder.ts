import type { Snapshot } from "../core/snapshot.js";
import type { WorkerPool } from "../platform/pool.js";
import { createWorkerPool } from "../platform/pool.js";
import { decodeJobs } from "./workers/decode-jobs.js";
import type { DecodeTask } from "./workers/protocol.js";

/** Decodes blocks into shared memory: on workers, or on the calling thread. */
export interface Decoder extends AsyncDisposable {
  /** Threads that decode; 0 is the calling thread. */
  readonly threads: number;
  decode(task: DecodeTask): Promise<void>;
  close(): Promise<void>;
}

/** Tasks a worker holds at once: enough that a busy main thread does not starve it. */
const TASKS_PER_WORKER = 8;

/** A decoder of `threads` worker threads for one snapshot. */
export function createDecoder(snapshot: Snapshot, threads: number): Decoder {
  return threads === 0 ? createInlineDecoder(snapshot) : createPoolDecoder(snapshot, threads);
}

function createInlineDecoder({ recipe }: Snapshot): Decoder {
  return {
    threads: 0,
    decode: async (task) => decodeJobs(task, recipe),
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

function createPoolDecoder({ recipe }: Snapshot, threads: number): Decoder {
  const pool: WorkerPool<DecodeTask, void> = createWorkerPool({
    url: new URL("./workers/decode-worker.js", import.meta.url),
    threads,
    workerData: recipe,
    tasksPerThread: TASKS_PER_WORKER,
  });
  return {
    threads,
    decode: (task) => pool.run(task),
    close: () => pool.close(),
    [Symbol.asyncDispose]: () => pool.close(),
  };
}
