import { Worker } from "node:worker_threads";
import { openSnapshot } from "../src/index.js";
import { loadBlocks } from "./blocks.js";
import type { StageTask } from "./stage-worker.js";

/**
 * Milliseconds that `threads` threads take to read, check and decode every block of a snapshot and to copy every row once: what an epoch cannot avoid. The blocks
 * are dealt out evenly beforehand and no thread waits for another, so nothing is coordinated. The slowest thread counts.
 */
export async function stageSumMs(
  path: string,
  threads: number,
  {
    stages = "read + check + decode + one row copy",
    isWarm = true,
  }: Partial<Pick<StageTask, "stages" | "isWarm">> = {},
): Promise<number> {
  await using snapshot = await openSnapshot(path);
  const entries = await loadBlocks(snapshot);
  const tasks = Array.from({ length: threads }, (_, thread): StageTask => {
    return {
      path,
      stages,
      isWarm,
      recipe: snapshot.recipe,
      entries: entries.filter((_entry, i) => i % threads === thread),
    };
  });
  const workers = tasks.map((task) => new Worker(new URL("./stage-worker.js", import.meta.url), { workerData: task }));
  try {
    await Promise.all(workers.map((worker) => answer(worker)));
    const answers = workers.map((worker) => answer(worker));
    for (const worker of workers) worker.postMessage("go");
    return Math.max(...(await Promise.all(answers)));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function answer(worker: Worker): Promise<number> {
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}
