/** Entry of a decode thread: runs the tasks it is sent; the snapshot's recipe comes with the thread. */
import { workerData } from "piscina";
import type { BlockRecipe } from "../../core/blocks.js";
import { loadChecksums, loadCodecs } from "../../core/codec/index.js";
import { withPlainErrors } from "../../util/error-transfer.js";
import { decodeJobs } from "./decode-jobs.js";
import type { DecodeTask } from "./protocol.js";

const recipe: BlockRecipe = workerData;
const ready = Promise.all([loadCodecs(), loadChecksums()]);

export default withPlainErrors(async (task: DecodeTask): Promise<void> => {
  await ready;
  decodeJobs(task, recipe);
});
