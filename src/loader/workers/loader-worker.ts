/** Entry of a loader thread: runs the tasks it is sent, over the arena it was started with. */
import { workerData } from "piscina";
import { loadDecoder } from "../../core/codec/index.js";
import { attachMemory, createKernels } from "../../kernels/index.js";
import { withPlainErrors } from "../../util/error-transfer.js";
import type { Outcome, TaskPackage, ThreadSetup } from "./protocol.js";
import { runPackage } from "./run-task.js";

const { recipe, memory: handle, maxRawBytes } = workerData as ThreadSetup;
const memory = attachMemory(handle);
const bench = { memory, kernels: createKernels(memory) };
const ready = loadDecoder(recipe.codec);

export default withPlainErrors(async (tasks: TaskPackage): Promise<Outcome[]> => {
  await ready;
  return runPackage(tasks, bench, recipe, maxRawBytes);
});
