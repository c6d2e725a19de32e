import { CommanderError } from "commander";
import type { HexzErrorContext } from "../errors.js";
import { isHexzError } from "../errors.js";

export const EXIT_OK = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;
export const EXIT_INTERRUPTED = 130;

/** Arguments that make no sense, found by a command itself. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What the user is told of an error. */
export interface Failure {
  readonly exitCode: number;
  /** A `HexzErrorCode`, or `E_USAGE`, `E_INTERRUPTED`, `E_INTERNAL`. */
  readonly code: string;
  readonly message: string;
  readonly context: HexzErrorContext;
}

/** Sorts an error into an exit code and a sentence. Pure. */
export function describeFailure(error: unknown, signal: AbortSignal): Failure {
  if (signal.aborted) return failure(EXIT_INTERRUPTED, "E_INTERRUPTED", "interrupted");
  if (isHexzError(error)) return failure(EXIT_FAILED, error.code, asTyped(error.message), error.context);
  if (error instanceof CommanderError) return failure(EXIT_USAGE, "E_USAGE", error.message.replace(/^error: /, ""));
  if (error instanceof UsageError || isOptionError(error))
    return failure(EXIT_USAGE, "E_USAGE", asTyped(error.message));
  const reason = error instanceof Error ? error.message : String(error);
  return failure(EXIT_FAILED, "E_INTERNAL", `internal error: ${reason} (run with --debug and report it)`);
}

function failure(exitCode: number, code: string, message: string, context: HexzErrorContext = {}): Failure {
  return { exitCode, code, message: message.replace(/\s*\n\s*/g, " "), context };
}

/** Our own checks name the option or the destination; any other TypeError or RangeError is a bug. */
function isOptionError(error: unknown): error is TypeError | RangeError {
  return (error instanceof TypeError || error instanceof RangeError) && /^(options\.|destination )/.test(error.message);
}

/** A message of the library in the words of the command line: `options.blockBytes` → `--block-bytes`. */
function asTyped(message: string): string {
  return message
    .replace(/\boverwrite: true\b/g, "--overwrite")
    .replace(/\bonBad "skip"/g, "--on-bad skip")
    .replace(/\bcut: "fixed"/g, "--cut fixed")
    .replace(
      /\boptions\.([a-z]\w*)/g,
      (_, name: string) => `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`,
    );
}
