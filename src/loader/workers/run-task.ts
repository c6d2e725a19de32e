import { maxEncodedBytes, scratchBytes } from "../../core/block-decoder.js";
import type { BlockRecipe } from "../../core/blocks.js";
import type { RowLayout } from "../../core/format/row-layout.js";
import type { Workbench } from "../../kernels/index.js";
import { runDecode } from "./decode-task.js";
import { runGather } from "./gather-task.js";
import type { Gathered, LoaderTask } from "./protocol.js";

/** A task and the arena memory it may use while it runs. */
export interface Assignment {
  readonly task: LoaderTask;
  /** Address of {@link assignmentScratchBytes}. */
  readonly scratch: number;
}

/** Scratch of one task over blocks of at most `maxRawBytes`. */
export function assignmentScratchBytes(maxRawBytes: number, rows: RowLayout | undefined): number {
  return maxEncodedBytes(maxRawBytes, rows) + scratchBytes(maxRawBytes, rows);
}

/** Runs a task: the same on a thread of the pool and on the calling thread. */
export function runTask(
  { task, scratch }: Assignment,
  bench: Workbench,
  recipe: BlockRecipe,
  maxRawBytes: number,
): Gathered[] {
  if (task.kind === "gather") return runGather(task, bench.kernels);
  runDecode(task, bench, recipe, { stored: scratch, decode: scratch + maxEncodedBytes(maxRawBytes, recipe.rows) });
  return [];
}
