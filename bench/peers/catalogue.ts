import type { Args } from "./job.js";

/** A virtual environment of the Python peers; `ffcv` is that of torch with one more package, which needs a compiler. */
export type PythonEnvironment = "base" | "torch" | "ffcv" | "tensorflow";

/** One way to run one peer. Of several ways of one peer the fastest counts in the ratios. */
export interface Entry {
  /** What `--only` selects. */
  readonly peer: string;
  /** What is special about this way; "" where there is one. */
  readonly variant: string;
  /** `*.py` of `python/`, or `*.js` of `node/`. */
  readonly program: string;
  /** Where a `*.py` runs. */
  readonly environment?: PythonEnvironment;
  /** Ways that read the same files name the same store. Undefined: reads the raw files. */
  readonly store?: string;
  readonly args?: Args;
  /** @default all three */
  readonly workloads?: readonly string[];
}

const IMAGES = ["W1", "W2"];
const MIB = 2 ** 20;
const SMALL_GROUP = 3 * MIB;
const LARGE_GROUP = 12 * MIB;

const hexz = { peer: "hexz", program: "hexz.js" };
const lz4 = { store: "hexz-lz4" };
const numpy = { peer: "numpy", program: "numpy_take.py", environment: "base" } as const;
const parquet = { peer: "parquet", program: "parquet.py", environment: "base" } as const;
const small = { store: "parquet-3mib" };
const large = { store: "parquet-12mib" };
const lmdb = { peer: "lmdb", program: "lmdb.js" };
const lance = { peer: "lance", program: "lance_peer.py", environment: "base", store: "lance" } as const;
const grain = { peer: "grain", program: "grain_peer.py", environment: "base", store: "grain" } as const;
const zarr = { peer: "zarr", program: "zarr_peer.py", environment: "base", store: "zarr" } as const;
const mosaicml = { peer: "mosaicml", program: "mosaicml.py", environment: "torch", store: "mds" } as const;
const litdata = { peer: "litdata", program: "litdata_peer.py", environment: "torch", store: "litdata" } as const;
const ffcv = { peer: "ffcv", program: "ffcv_peer.py", environment: "ffcv", store: "ffcv", workloads: IMAGES } as const;
const webdataset = { peer: "webdataset", program: "webdataset_peer.py", environment: "torch", store: "tar" } as const;

/** Everyone in the race; README.md says why these settings. */
export const CATALOGUE: readonly Entry[] = [
  { ...hexz, ...lz4, variant: "lz4", args: { codec: "lz4", memoryShare: 0.4 } },
  { ...hexz, variant: "stored", store: "hexz-stored", args: { codec: "stored", memoryShare: 0.4 } },
  { ...hexz, ...lz4, variant: "pinned", args: { codec: "lz4", memoryShare: 2 } },
  { ...numpy, variant: "1 thread", args: { threads: 1 } },
  { ...numpy, variant: "2 threads", args: { threads: 2 } },
  { ...parquet, ...small, variant: "3 MiB × 16", args: { groupBytes: SMALL_GROUP, window: 16, ahead: true } },
  { ...parquet, ...large, variant: "12 MiB × 16", args: { groupBytes: LARGE_GROUP, window: 16, ahead: true } },
  {
    ...parquet,
    ...large,
    variant: "12 MiB × 16, not ahead",
    args: { groupBytes: LARGE_GROUP, window: 16, ahead: false },
  },
  { peer: "read-sync", variant: "", program: "read-sync.js" },
  { peer: "whole-file", variant: "", program: "whole-file.js" },
  { ...lmdb, variant: "", store: "lmdb", args: { compression: false } },
  { ...lmdb, variant: "lz4", store: "lmdb-lz4", args: { compression: true } },
  { ...ffcv, variant: "1 worker", args: { workers: 1 } },
  { ...ffcv, variant: "2 workers", args: { workers: 2 } },
  { peer: "hf-datasets", variant: "", program: "hf_datasets.py", environment: "base", store: "arrow" },
  { ...litdata, variant: "in process", args: { workers: 0 } },
  { ...litdata, variant: "2 workers", args: { workers: 2 } },
  { ...zarr, variant: "lz4", args: { chunkBytes: MIB, window: 64 }, workloads: IMAGES },
  { peer: "tf.data", variant: "", program: "tf_data.py", environment: "tensorflow", store: "tfrecord" },
  { ...grain, variant: "batched reads", args: { batched: true, threads: 2 } },
  { ...grain, variant: "a read a record", args: { batched: false, threads: 2 } },
  { ...lance, variant: "1 batch a take", args: { ahead: 1 } },
  { ...lance, variant: "16 batches a take", args: { ahead: 16 } },
  { peer: "tfjs-data", variant: "", program: "tfjs-data.js", workloads: IMAGES },
  { ...mosaicml, variant: "in process", args: { workers: 0 } },
  { ...mosaicml, variant: "2 workers", args: { workers: 2 } },
  { ...webdataset, variant: "in process", args: { workers: 0 } },
  { ...webdataset, variant: "2 workers", args: { workers: 2 } },
];

/** `hexz lz4`: how an entry is named in the table. */
export function titleOf({ peer, variant }: Entry): string {
  return variant === "" ? peer : `${peer} ${variant}`;
}
