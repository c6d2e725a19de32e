import { createRequire } from "node:module";
import { inspect as format } from "node:util";
import { Command, CommanderError } from "commander";
import type { Failure } from "./failure.js";
import { describeFailure, EXIT_OK, EXIT_USAGE, UsageError } from "./failure.js";
import type { CliIo, CliOutput } from "./io.js";
import { isBrokenPipe } from "./io.js";
import { toJsonText } from "./json.js";
import { printable } from "./text.js";

type CreateCommand = (io: CliIo) => Command;

/**
 * Every command, in the order of the help. A new one is one file and one entry here. Each is loaded only when it is asked for: what one needs (sources, threads)
 * would double the time another takes to start.
 */
const COMMANDS: ReadonlyMap<string, () => Promise<CreateCommand>> = new Map([
  ["pack", async () => (await import("./pack.js")).packCommand],
  ["inspect", async () => (await import("./inspect.js")).inspectCommand],
  ["verify", async () => (await import("./verify.js")).verifyCommand],
  ["head", async () => (await import("./head.js")).headCommand],
  ["cat", async () => (await import("./cat.js")).catCommand],
  ["cp", async () => (await import("./cp.js")).cpCommand],
  ["bench", async () => (await import("./bench.js")).benchCommand],
]);

/** Codes that say nothing more than the sentence does. */
const UNTYPED_CODES = ["E_USAGE", "E_INTERRUPTED", "E_INTERNAL"];

/**
 * Runs one command line (without `node` and the script) and resolves with the exit code; never rejects, and touches nothing of the process but what
 * `io` gives.
 *
 * @example
 * const exitCode = await runCli(["verify", "train.hxz"], io);
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const help: string[] = [];
  try {
    const program = createProgram(await loadCommands(argv[0]), io, (text) => help.push(text));
    await program.parseAsync([...argv], { from: "user" });
    return EXIT_OK;
  } catch (error) {
    // `hexz head x | true`: the reader has what it wanted.
    if (isBrokenPipe(error)) return EXIT_OK;
    const usage = COMMANDS.has(argv[0] ?? "") ? `hexz ${argv[0]}` : "hexz";
    // Where the error cannot be told, because stderr has gone too, its exit code still can.
    return await conclude(error, { help: help.join(""), usage, flags: flagsOf(argv) }, io);
  }
}

/** The command of this name; all of them where there is none, for the help and for a guess at what was meant. */
function loadCommands(name = ""): Promise<CreateCommand[]> {
  const load = COMMANDS.get(name);
  return Promise.all((load === undefined ? [...COMMANDS.values()] : [load]).map((loadOne) => loadOne()));
}

function createProgram(commands: readonly CreateCommand[], io: CliIo, writeHelp: (text: string) => void): Command {
  const program = new Command("hexz")
    .description("Pack datasets into verified snapshots, look into them, and measure how fast they can be read.")
    .version(packageVersion(), "-V, --version", "print the version")
    .exitOverride()
    .configureOutput({
      writeOut: writeHelp,
      writeErr: writeHelp,
      outputError: () => undefined,
      getOutHelpWidth: () => io.stdout.columns,
      getErrHelpWidth: () => io.stdout.columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText(
      "after",
      "\nExit codes: 0 fine, 1 the data is bad or the operation failed, 2 wrong usage, 130 interrupted.",
    );
  for (const create of commands) program.addCommand(create(io).copyInheritedSettings(program));
  return program;
}

function packageVersion(): string {
  const { version } = createRequire(import.meta.url)("hexz/package.json") as { version: string }; // our own manifest
  return version;
}

/** What was typed, as far as telling an error needs it. */
interface Typed {
  /** Help or version that commander wanted printed. */
  readonly help: string;
  /** The command whose `--help` helps. */
  readonly usage: string;
  readonly flags: { readonly isJson: boolean; readonly isDebug: boolean };
}

/** The common flags, also of a command line that cannot be parsed. */
function flagsOf(argv: readonly string[]): Typed["flags"] {
  const given = argv.includes("--") ? argv.slice(0, argv.indexOf("--")) : argv;
  return { isJson: given.includes("--json"), isDebug: given.includes("--debug") };
}

/** Tells the user why parsing or a command ended, and gives the exit code. */
async function conclude(error: unknown, typed: Typed, io: CliIo): Promise<number> {
  if (error instanceof CommanderError && error.exitCode === 0) {
    await tell(io.stdout, typed.help);
    return EXIT_OK;
  }
  const isBare = error instanceof CommanderError && error.code === "commander.help";
  const failure = describeFailure(isBare ? new UsageError("a command is needed") : error, io.signal);
  const stack = typed.flags.isDebug ? format(error) : undefined;
  if (typed.flags.isJson) await tell(io.stderr, `${toJsonText(failureDocument(failure, stack))}\n`);
  else await tell(io.stderr, isBare ? typed.help : failureText(failure, stack, typed.usage));
  return failure.exitCode;
}

async function tell(output: CliOutput, text: string): Promise<void> {
  await output.write(text).catch(() => undefined);
}

function failureDocument({ code, message, context }: Failure, stack: string | undefined) {
  return { error: { code, message, context, stack } };
}

function failureText({ exitCode, code, message }: Failure, stack: string | undefined, usage: string): string {
  const isTyped = !UNTYPED_CODES.includes(code);
  const lines = [`hexz: ${printable(message)}${isTyped ? ` (${code})` : ""}`];
  if (exitCode === EXIT_USAGE) lines.push(`Try: ${usage} --help`);
  if (stack !== undefined) lines.push(stack);
  return `${lines.join("\n")}\n`;
}
