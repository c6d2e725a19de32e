/** Thread of `stage-sum.ts`: does its work once to warm up where it is to be warm, says that it is ready, waits for the word, answers with the milliseconds it took. */
import { openSync, readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { decodeBlockAt, maxEncodedBytes, scratchBytes } from "../src/core/block-decoder.js";
import type { BlockRecipe } from "../src/core/blocks.js";
import { loadDecoder } from "../src/core/codec/index.js";
import type { BlockEntry } from "../src/index.js";
import { createKernels, createSharedMemory, RESERVED_BYTES } from "../src/kernels/index.js";

/** Which stages are timed. */
export type Stages = "read + decode" | "read + check + decode + one row copy";

export interface StageTask {
  readonly path: string;
  readonly recipe: BlockRecipe;
  readonly entries: readonly BlockEntry[];
  readonly stages: Stages;
  /** Whether the code has run before: in a thread that has just started it has not. */
  readonly isWarm: boolean;
}

/** Blocks kept before their rows are copied, as a window keeps them: the copy reads memory, not the cache. */
const BLOCKS_OPEN = 256;
const BATCH_BYTES = 4 * 2 ** 20;
const SLOT_STEP = 16384;

/** One memory: scratch, a batch, the addresses of rows, then a slot per open block. */
function createRunner({ path, recipe, entries, stages }: StageTask): () => void {
  const file = openSync(path, "r");
  const longest = entries.reduce((most, { rawLength }) => Math.max(most, rawLength), 0);
  const strideBytes = recipe.rows?.strideBytes ?? 4096;
  const slotBytes = Math.ceil(longest / SLOT_STEP) * SLOT_STEP;
  let end = RESERVED_BYTES;
  const take = (bytes: number) => {
    const at = end;
    end += Math.ceil(bytes / SLOT_STEP) * SLOT_STEP;
    return at;
  };
  const stored = take(maxEncodedBytes(longest, recipe.rows));
  const scratch = take(scratchBytes(longest, recipe.rows));
  const batch = take(BATCH_BYTES);
  const rows = take(Math.ceil(BATCH_BYTES / strideBytes) * 4);
  const slots = Array.from({ length: Math.min(BLOCKS_OPEN, entries.length) }, () => take(slotBytes));
  const memory = createSharedMemory(end);
  memory.grow(end);
  const bench = { memory, kernels: createKernels(memory) };
  const isWhole = stages !== "read + decode";

  const decode = (entry: BlockEntry, target: number) => {
    const isInPlace = entry.codec === 0 && entry.layout === 0;
    const at = isInPlace ? target : stored;
    readSync(file, new Uint8Array(memory.buffer, at, entry.storedLength), 0, entry.storedLength, entry.offset);
    decodeBlockAt(bench, entry, recipe, { stored: at, target, scratch });
  };
  /** Copies each row once, taking the blocks in turn as a shuffle does, into a batch that is used again and again. */
  const copyRows = (open: readonly BlockEntry[]) => {
    const rowsPerBatch = Math.floor(BATCH_BYTES / strideBytes);
    const addresses = new Uint32Array(memory.buffer, rows, rowsPerBatch);
    const most = open.reduce((so, { count }) => Math.max(so, count), 0);
    let filled = 0;
    for (let row = 0; row < most; row++) {
      for (const [i, { count }] of open.entries()) {
        if (row >= count) continue;
        addresses[filled++] = (slots[i] ?? 0) + row * strideBytes;
        if (filled < rowsPerBatch) continue;
        bench.kernels.gather(rows, filled, 0, strideBytes, batch);
        filled = 0;
      }
    }
    bench.kernels.gather(rows, filled, 0, strideBytes, batch);
  };
  return () => {
    for (let first = 0; first < entries.length; first += BLOCKS_OPEN) {
      const open = entries.slice(first, first + BLOCKS_OPEN);
      for (const [i, entry] of open.entries()) decode(entry, slots[i] ?? 0);
      if (isWhole) copyRows(open);
    }
  };
}

const port = parentPort;
if (port === null) throw new Error("stage-worker.ts runs as a worker thread");
const task: StageTask = workerData;
await loadDecoder(task.recipe.codec);
const run = createRunner(task);
port.once("message", () => {
  const startMs = performance.now();
  run();
  port.postMessage(performance.now() - startMs);
});
if ((workerData as StageTask).isWarm) run();
port.postMessage(0);
