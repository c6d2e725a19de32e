import { maxEncodedBytes, scratchBytes } from "../../core/block-decoder.js";
import type { BlockRecipe } from "../../core/blocks.js";
import type { RowLayout } from "../../core/format/row-layout.js";
import type { Workbench } from "../../kernels/index.js";
import { nowMs } from "../../platform/index.js";
import { toPlainError } from "../../util/error-transfer.js";
import { runDecode } from "./decode-task.js";
import { runGather } from "./gather-task.js";
import type { Outcome, TaskPackage } from "./protocol.js";

/** Scratch of one package over blocks of at most `maxRawBytes`. */
export function packageScratchBytes(maxRawBytes: number, rows: RowLayout | undefined): number {
  return maxEncodedBytes(maxRawBytes, rows) + scratchBytes(maxRawBytes, rows);
}

/** Runs tasks one after another, the same on a thread of the pool and on the calling thread. What one of them throws is its outcome; the others run all the same. */
export function runPackage(
  { tasks, scratch: stored }: TaskPackage,
  bench: Workbench,
  recipe: BlockRecipe,
  maxRawBytes: number,
): Outcome[] {
  const scratch = { stored, decode: stored + maxEncodedBytes(maxRawBytes, recipe.rows) };
  return tasks.map((task): Outcome => {
    const startMs = nowMs();
    try {
      const gathered =
        task.kind === "gather" ? runGather(task, bench.kernels) : runDecode(task, bench, recipe, scratch);
      return { gathered, ms: nowMs() - startMs };
    } catch (error) {
      return { error: toPlainError(error), ms: nowMs() - startMs };
    }
  });
}
