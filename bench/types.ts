/** One number of the table. */
export interface Row {
  readonly measure: string;
  readonly data: string;
  readonly unit: "MB/s" | "records/s" | "ms" | "µs" | "MB";
  /** Median of the runs. */
  readonly value: number;
  /** What bounds it, measured in the same run, in the same unit; and in words. */
  readonly limit?: { readonly value: number; readonly what: string } | undefined;
  /** Value ÷ limit for speeds, limit ÷ value for times: 1 is as good as it gets. */
  readonly ratio?: number | undefined;
  /** What this must reach, where there is a target. */
  readonly target?: { readonly text: string; readonly met: boolean } | undefined;
  readonly runs: readonly number[];
}

/** A dataset to measure on, packed. */
export interface BenchData {
  readonly name: string;
  readonly path: string;
  readonly records: number;
  readonly rawBytes: number;
  readonly fileBytes: number;
  /** Memory for a dataset it does not fit, in bytes; undefined where it always fits. */
  readonly smallBudgetBytes: number | undefined;
  /** Milliseconds each packing took, and the raw bytes' records once more for limits. */
  readonly packMs: readonly number[];
}

/** A measure: one file of `measures/`. */
export type Measure = (data: BenchData) => Promise<readonly Row[]>;
