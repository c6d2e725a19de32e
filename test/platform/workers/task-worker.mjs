// A worker for the pool's tests: does what the task says.
import { workerData } from "node:worker_threads";
import { HexzError } from "../../../dist/src/errors.js";
import { withPlainErrors } from "../../../dist/src/util/error-transfer.js";

export default withPlainErrors(async (task) => {
  switch (task.kind) {
    case "add":
      return task.a + task.b + (workerData?.plus ?? 0);
    case "length":
      return task.bytes.byteLength;
    case "fail":
      throw new HexzError("E_BLOCK_CORRUPT", "block 7 is damaged", {
        context: { block: 7 },
        cause: new RangeError("inner"),
      });
    case "exit":
      return process.exit(task.code);
    case "crash":
      setImmediate(() => {
        throw new Error("outside of any handler");
      });
      return new Promise(() => {});
    case "hang":
      return new Promise((resolve) => setInterval(resolve, 1e9));
    default:
      throw new TypeError(`unknown task ${task.kind}`);
  }
});
