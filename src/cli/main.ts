#!/usr/bin/env node
/** The bin: gives {@link runCli} the process's streams and signals, and the process its exit code. */
import type { WriteStream } from "node:tty";
import type { CliOutput } from "./io.js";
import { runCli } from "./run.js";

const interrupt = new AbortController();
// Once each: a second Ctrl-C ends the process at once, should winding up take too long.
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interrupt.abort());

const exitCode = await runCli(process.argv.slice(2), {
  stdin: () => process.stdin,
  stdout: outputTo(process.stdout),
  stderr: outputTo(process.stderr),
  env: process.env,
  signal: interrupt.signal,
});
// Everything was written and closed; a stdin that still waits for input must not keep us.
process.exit(exitCode);

function outputTo(stream: WriteStream): CliOutput {
  // Failed writes reject below; without a listener they would also end the process.
  stream.on("error", () => undefined);
  return {
    isTerminal: stream.isTTY === true,
    columns: stream.columns ?? 80,
    write: (chunk) =>
      new Promise((resolve, reject) => {
        stream.write(chunk, (error) => (error ? reject(error) : resolve()));
      }),
  };
}
