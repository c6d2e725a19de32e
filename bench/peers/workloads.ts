import { fileURLToPath } from "node:url";

/** What is raced: one kind of records, in one number, at one batch size. */
export interface Workload {
  readonly name: string;
  readonly records: number;
  readonly batchSize: number;
  /** Shape of the uint8 image of a record; undefined where a record is a text. */
  readonly shape: readonly number[] | undefined;
}

/** The three workloads at their full size. */
export const WORKLOADS: readonly Workload[] = [
  { name: "W1", records: 200_000, batchSize: 256, shape: [32, 32, 3] },
  { name: "W2", records: 4_000, batchSize: 32, shape: [224, 224, 3] },
  { name: "W3", records: 300_000, batchSize: 256, shape: undefined },
];

/** What a generated workload holds; `meta.json` beside its files. */
export interface WorkloadData extends Workload {
  /**
   * Folder of `rows.bin` (the images or the UTF-8 of the texts, one after another), `labels.bin` (int32, little-endian) and, for texts, `offsets.bin`
   * (records + 1 uint32, little-endian).
   */
  readonly directory: string;
  /** Bytes of an image; 0 for texts. */
  readonly rowBytes: number;
  readonly rawBytes: number;
  /** Sum of all labels: an epoch that gives another sum has skipped or repeated records. */
  readonly labelSum: number;
  /** Sum of the first byte of every image, or of the byte lengths of all texts: the same check on the rows themselves. */
  readonly rowSum: number;
}

/** Everything the race writes: data, stores, virtual environments, packages. Not in the repository. */
export const CACHE = fileURLToPath(new URL("../../../.cache/bench-peers/", import.meta.url));

/** The sources of this folder, where the Python programs are. */
export const SOURCES = fileURLToPath(new URL("../../../bench/peers/", import.meta.url));
