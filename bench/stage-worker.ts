/** Thread of `stage-sum.ts`: does its work once to warm up, says that it is ready, waits for the word, answers with the milliseconds it took. */
import { openSync, readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import type { BlockRecipe } from "../src/core/blocks.js";
import { decodeBlock } from "../src/core/blocks.js";
import { loadChecksums, loadCodecs } from "../src/core/codec/index.js";
import type { BlockEntry } from "../src/index.js";

export interface StageTask {
  readonly path: string;
  readonly recipe: BlockRecipe;
  readonly entries: readonly BlockEntry[];
}

/** Blocks kept before their rows are copied, as a window keeps them: the copy reads memory, not the cache. */
const BLOCKS_OPEN = 256;
const BATCH_BYTES = 4 * 2 ** 20;

function runStages({ path, recipe, entries }: StageTask): void {
  const file = openSync(path, "r");
  const longest = (of: (entry: BlockEntry) => number) => entries.reduce((most, entry) => Math.max(most, of(entry)), 0);
  const stored = new Uint8Array(longest((entry) => entry.storedLength));
  const slotBytes = Math.ceil(longest((entry) => entry.rawLength) / 16384) * 16384;
  const slots = new SharedArrayBuffer(slotBytes * Math.min(BLOCKS_OPEN, entries.length));
  const batch = new Uint8Array(BATCH_BYTES);
  for (let first = 0; first < entries.length; first += BLOCKS_OPEN) {
    const open = entries.slice(first, first + BLOCKS_OPEN).map((entry, slot) => {
      const bytes = stored.subarray(0, entry.storedLength);
      readSync(file, bytes, 0, bytes.length, entry.offset);
      const target = new Uint8Array(slots, slot * slotBytes, entry.rawLength);
      decodeBlock(bytes, entry, recipe, target);
      return target;
    });
    copyRows(open, recipe.rows?.strideBytes ?? 4096, batch);
  }
}

/** Copies each row once, taking the blocks in turn as a shuffle does, into a batch that is used again and again. */
function copyRows(blocks: readonly Uint8Array[], strideBytes: number, batch: Uint8Array): void {
  const rows = blocks.reduce((most, block) => Math.max(most, Math.floor(block.length / strideBytes)), 0);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    for (const block of blocks) {
      const from = row * strideBytes;
      if (from + strideBytes > block.length) continue;
      if (at + strideBytes > batch.length) at = 0;
      batch.set(block.subarray(from, from + strideBytes), at);
      at += strideBytes;
    }
  }
}

await Promise.all([loadCodecs(), loadChecksums()]);
const port = parentPort;
if (port === null) throw new Error("stage-worker.ts runs as a worker thread");
port.once("message", () => {
  const startMs = performance.now();
  runStages(workerData);
  port.postMessage(performance.now() - startMs);
});
runStages(workerData); // the code of a fresh thread is cold: that is not a limit
port.postMessage(0);
