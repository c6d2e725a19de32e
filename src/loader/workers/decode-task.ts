import { readSync } from "node:fs";
import { decodeBlockAt } from "../../core/block-decoder.js";
import type { BlockRecipe } from "../../core/blocks.js";
import type { BlockEntry } from "../../core/format/block-page.js";
import { HexzError } from "../../errors.js";
import type { Workbench } from "../../kernels/index.js";
import type { DecodeJob, DecodeTask } from "./protocol.js";

/** Room of one thread: for the stored bytes of a block, and for decoding it. */
export interface Scratch {
  readonly stored: number;
  readonly decode: number;
}

/**
 * Reads (or takes) the stored bytes of each job and decodes them to its place. Positional reads of cached files cost a tenth of asynchronous ones.
 *
 * @throws HexzError of the first job that fails.
 */
export function runDecode(task: DecodeTask, bench: Workbench, recipe: BlockRecipe, scratch: Scratch): [] {
  for (const job of task.jobs) {
    const stored = job.stored ?? readStored(task, job, bench, recipe, scratch);
    decodeBlockAt(bench, job.entry, recipe, { stored, target: job.target, scratch: scratch.decode });
  }
  return [];
}

/** Bytes that nothing has to be done to are read where they will stay. */
function readStored(task: DecodeTask, job: DecodeJob, bench: Workbench, recipe: BlockRecipe, scratch: Scratch): number {
  const { entry } = job;
  if (task.descriptor === undefined)
    throw new TypeError("a job without stored bytes needs task.descriptor, got undefined");
  const at =
    entry.codec === 0 && entry.layout === 0 && entry.storedLength === entry.rawLength ? job.target : scratch.stored;
  readFully(task.descriptor, entry, new Uint8Array(bench.memory.buffer, at, entry.storedLength), recipe.name);
  return at;
}

function readFully(descriptor: number, entry: BlockEntry, target: Uint8Array, name: string): void {
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
}
