import { Command, InvalidArgumentError } from "commander";
import pc from "picocolors";
import { nowMs } from "../platform/clock.js";
import type { CliIo } from "./io.js";
import { toJsonText } from "./json.js";
import type { Progress } from "./progress.js";
import { createProgress } from "./progress.js";

/** Options every command has. */
export interface CommonFlags {
  readonly json?: boolean;
  readonly debug?: boolean;
  readonly quiet?: boolean;
}

/** What the action of a command works with. */
export interface CommandContext {
  readonly io: CliIo;
  readonly signal: AbortSignal;
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  readonly colors: ReturnType<typeof pc.createColors>;
  /** One summary for stdout: the document with `--json`, else the text, which `--quiet` leaves out. */
  report(document: unknown, text: () => string): Promise<void>;
  /** A progress line on the terminal, where there is one and nobody asked for quiet. */
  progress(): Progress;
}

/** A command with its common options and examples; `examples` are whole command lines with a word on each. */
export function createCommand(
  name: string,
  summary: string,
  examples: readonly (readonly [string, string])[],
): Command {
  const lines = examples.map(([line, what]) => `  $ ${line}\n      ${what}`);
  return new Command(name)
    .description(summary)
    .allowExcessArguments(false)
    .option("--json", "print one JSON document; errors as JSON on stderr")
    .option("--quiet", "no summary and no progress")
    .option("--debug", "print stack traces")
    .addHelpText("after", `\nExamples:\n${lines.join("\n")}`);
}

export function createContext(io: CliIo, flags: CommonFlags): CommandContext {
  const isJson = flags.json === true;
  const isQuiet = flags.quiet === true;
  const colors = pc.createColors(io.stdout.isTerminal && !io.env.NO_COLOR);
  return {
    io,
    signal: io.signal,
    isJson,
    isQuiet,
    colors,
    async report(document, text) {
      if (isJson) await io.stdout.write(`${toJsonText(document, 2)}\n`);
      else if (!isQuiet) await io.stdout.write(`${text()}\n`);
    },
    progress: () => createProgress(io.stderr, nowMs, !isQuiet && !isJson),
  };
}

/** Reads an option's value as an integer in `[minimum, maximum]`. */
export function integerIn(minimum: number, maximum: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= minimum && value <= maximum) return value;
    const bounds = maximum === Number.MAX_SAFE_INTEGER ? `>= ${minimum}` : `from ${minimum} to ${maximum}`;
    throw new InvalidArgumentError(`It must be an integer ${bounds}.`);
  };
}
