import type { BlockEntry } from "../../core/format/block-page.js";

/** Where bytes lie in the shared chunks of a task. */
export interface Place {
  /** Index into {@link DecodeTask.chunks}. */
  readonly chunk: number;
  readonly offset: number;
}

/** One block to decode: its entry, where its rows go, and where its stored bytes are if they were fetched already. */
export interface DecodeJob {
  readonly entry: BlockEntry;
  readonly target: Place;
  /** Stored bytes in shared memory; absent where the worker reads them from `descriptor`. */
  readonly stored?: Place;
}

/** What the main thread sends a decode worker. */
export interface DecodeTask {
  readonly chunks: readonly SharedArrayBuffer[];
  /** The snapshot's file, open in this process; absent where all jobs bring their stored bytes. */
  readonly descriptor: number | undefined;
  readonly jobs: readonly DecodeJob[];
}
