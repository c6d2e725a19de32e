/** Entry of a loader thread: runs the tasks it is sent, over the arena it was started with. */
import { workerData } from "piscina";
import { loadCodecs } from "../../core/codec/index.js";
import { attachMemory, createKernels } from "../../kernels/index.js";
import { withPlainErrors } from "../../util/error-transfer.js";
import type { Gathered, ThreadSetup } from "./protocol.js";
import type { Assignment } from "./run-task.js";
import { runTask } from "./run-task.js";

const { recipe, memory: handle, maxRawBytes } = workerData as ThreadSetup;
const memory = attachMemory(handle);
const bench = { memory, kernels: createKernels(memory) };
const ready = loadCodecs();

export default withPlainErrors(async (assignment: Assignment | undefined): Promise<Gathered[]> => {
  await ready;
  return assignment === undefined ? [] : runTask(assignment, bench, recipe, maxRawBytes);
});
