/**
 * The command line. Receives arguments and the process's streams (`io.ts`), calls the rooms below, gives text or one JSON document and an exit code. `main.ts`
 * is the bin and the only file that touches the process; `run.ts` is the same in a function, for tests; one file per command. Invariants: data and
 * summaries go to stdout, everything else to stderr; colours, progress and nothing else depend on a terminal; no stack trace without `--debug`;
 * exit code 0 fine, 1 the data is bad or the operation failed, 2 wrong usage, 130 interrupted.
 *
 * @module
 */
export type { CliIo, CliOutput } from "./io.js";
export { runCli } from "./run.js";
