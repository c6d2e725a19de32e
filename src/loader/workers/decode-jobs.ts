import { readSync } from "node:fs";
import type { BlockRecipe } from "../../core/blocks.js";
import { decodeBlock } from "../../core/blocks.js";
import type { BlockEntry } from "../../core/format/block-page.js";
import { HexzError } from "../../errors.js";
import type { DecodeJob, DecodeTask } from "./protocol.js";

/** Stored bytes of the block at hand: one buffer per thread, as long as the longest block so far. */
let scratch = new Uint8Array(0);

/**
 * Runs a task: reads (or takes) the stored bytes of each job and decodes them into its slot. Synchronous, the same on a worker and on the calling
 * thread. Positional reads of cached files cost a tenth of asynchronous ones.
 *
 * @throws HexzError of the first job that fails.
 */
export function decodeJobs(task: DecodeTask, recipe: BlockRecipe): void {
  for (const job of task.jobs) {
    const target = new Uint8Array(chunkOf(task, job.target.chunk), job.target.offset, job.entry.rawLength);
    decodeBlock(storedBytes(task, job, recipe), job.entry, recipe, target);
  }
}

function chunkOf(task: DecodeTask, chunk: number): SharedArrayBuffer {
  const memory = task.chunks[chunk];
  if (memory === undefined)
    throw new RangeError(`task.chunks must hold chunk ${chunk}, got ${task.chunks.length} chunks`);
  return memory;
}

function storedBytes(task: DecodeTask, { stored, entry }: DecodeJob, recipe: BlockRecipe): Uint8Array {
  if (stored !== undefined) return new Uint8Array(chunkOf(task, stored.chunk), stored.offset, entry.storedLength);
  if (task.descriptor === undefined)
    throw new TypeError("a job without stored bytes needs task.descriptor, got undefined");
  if (scratch.length < entry.storedLength) scratch = new Uint8Array(entry.storedLength);
  return readFully(task.descriptor, entry, scratch.subarray(0, entry.storedLength), recipe.name);
}

function readFully(descriptor: number, entry: BlockEntry, target: Uint8Array, name: string): Uint8Array {
  for (let done = 0; done < target.length; ) {
    const count = readSync(descriptor, target, done, target.length - done, entry.offset + done);
    if (count === 0) {
      const message = `${name} ended at byte ${entry.offset + done} within block ${entry.block}: it changed while it was read`;
      throw new HexzError("E_SOURCE_CHANGED", message, {
        context: { source: name, block: entry.block, offset: entry.offset + done },
      });
    }
    done += count;
  }
  return target;
}
