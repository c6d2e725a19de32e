// Runs one task and leaves the pool open: the process must end by itself.
import { createWorkerPool } from "../../../dist/src/platform/pool.js";

const pool = createWorkerPool({ url: new URL("./task-worker.mjs", import.meta.url), threads: 2 });
process.stdout.write(String(await pool.run({ kind: "add", a: 20, b: 22 })));
