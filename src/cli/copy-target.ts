import type { RangeSource } from "../core/storage/port.js";

/** A copy to make. */
export interface CopyJob {
  /** The bytes of a snapshot. */
  readonly source: RangeSource;
  /** Of the snapshot, in hex: what is copied must have the same. */
  readonly id: string;
  readonly destination: string;
  readonly overwrite: boolean;
  /** Go on with what an earlier run left, and leave what is there for a later one. */
  readonly resume: boolean;
  /** Check every byte of the copy. */
  readonly verify: boolean;
  readonly signal: AbortSignal;
  /** Called with all bytes that are there, those of an earlier run included. */
  readonly onBytes: (doneBytes: number) => void;
}

/** What was done. */
export interface CopyResult {
  /** Bytes that an earlier run had copied. */
  readonly resumedBytes: number;
}

/** Copies to one kind of storage: the destination is there whole, or as it was. */
export type CopyTarget = (job: CopyJob) => Promise<CopyResult>;
