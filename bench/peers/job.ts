import type { WorkloadData } from "./workloads.js";

/** What a peer program is asked, as JSON in its second argument; the first is `prepare` or `run`. The Python programs read the same. */
export interface Job {
  readonly data: WorkloadData;
  /** Folder of the peer's own files: `prepare` fills it, `run` reads it. */
  readonly store: string;
  /** Measured epochs, after one that warms up. */
  readonly epochs: number;
  /** An epoch is cut off after so many seconds, and its rate since the first batch taken for the rest. */
  readonly limitSeconds: number;
  /** The variant's settings. */
  readonly args: Args;
}

export type Args = Readonly<Record<string, string | number | boolean>>;

/** What a peer program prints on one line after `run`. */
export interface PeerResult {
  readonly version: string;
  /** In words, for the table. */
  readonly settings: string;
  /** How well it mixes: `full`, `window of N records` or `buffer of N records`. */
  readonly order: string;
  /** Of each measured epoch. */
  readonly recordsPerSecond: readonly number[];
  /** From opening to the first batch of the epoch that warms up, in milliseconds; imports are not counted. */
  readonly firstBatchMs: number;
  /** Peak of the process's resident memory and of its largest child, in bytes. Mapped files count. */
  readonly peakMemoryBytes: number;
  /** An epoch was cut off. */
  readonly partial: boolean;
}
