import { execFileSync } from "node:child_process";
import { beforeAll, expect, test } from "vitest";
import { tempDir } from "../support/temp-dir.js";
import { writeRecords } from "./fixtures.js";

let file: string;

beforeAll(async () => {
  file = await writeRecords(await tempDir());
});

/** Runs a command line in a process that reports every ES module it loads. */
const PROBE = `
  import { register } from "node:module";
  import { MessageChannel } from "node:worker_threads";
  const { port1, port2 } = new MessageChannel();
  const urls = [];
  const hooks = "let port; export const initialize = (data) => { port = data.port; };" +
    "export const load = (url, context, next) => { port.postMessage(url); return next(url, context); };";
  register("data:text/javascript," + encodeURIComponent(hooks), { data: { port: port2 }, transferList: [port2] });
  port1.on("message", (url) => urls.push(url));
  port1.unref();
  const [run, ...argv] = process.argv.slice(1);
  const { runCli } = await import(run);
  const silent = { isTerminal: false, columns: 80, write: async () => {} };
  const signal = new AbortController().signal;
  const exitCode = await runCli(argv, { stdin: () => process.stdin, stdout: silent, stderr: silent, env: {}, signal });
  await new Promise((resolve) => setImmediate(resolve));
  process.stdout.write(JSON.stringify({ exitCode, urls }));
  process.exit();
`;

/** The packages and the files of `src/cli` that a command line loads. */
function loadedBy(...argv: string[]): { packages: string[]; commands: string[] } {
  const run = new URL("../../dist/src/cli/run.js", import.meta.url).href;
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", PROBE, run, ...argv], {
    encoding: "utf8",
  });
  const { exitCode, urls } = JSON.parse(output) as { exitCode: number; urls: string[] };
  expect(exitCode).toBe(0);
  const named = (pattern: RegExp) => [...new Set(urls.flatMap((url) => pattern.exec(url)?.[1] ?? []))].sort();
  return {
    packages: named(/\/node_modules\/((?:@[^/]+\/)?[^/]+)\//),
    commands: named(/\/src\/cli\/(pack|inspect|verify|head|cat|cp|bench)\.js$/),
  };
}

test.each(["inspect", "verify", "cat"])("hexz %s loads neither other commands nor sources nor threads", (command) => {
  const { packages, commands } = loadedBy(command, file);
  expect(commands).toEqual([command]);
  expect(packages).toContain("lru-cache");
  expect(packages.filter((name) => /^(piscina|csv-parse|sharp)$/.test(name))).toEqual([]);
});

test("the help loads every command", () => {
  expect(loadedBy("--help").commands).toHaveLength(7);
});
