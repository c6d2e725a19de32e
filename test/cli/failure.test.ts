import { CommanderError } from "commander";
import { expect, test } from "vitest";
import { describeFailure, UsageError } from "../../src/cli/failure.js";
import { HexzError } from "../../src/errors.js";

const running = new AbortController().signal;

test.each([
  [new HexzError("E_EMPTY", "the input gave no records"), 1, "E_EMPTY", "the input gave no records"],
  [new HexzError("E_EXISTS", "x exists; pass overwrite: true"), 1, "E_EXISTS", "x exists; pass --overwrite"],
  [
    new CommanderError(1, "commander.x", "error: unknown option '--x'\n(Did you mean --y?)"),
    2,
    "E_USAGE",
    "unknown option '--x' (Did you mean --y?)",
  ],
  [new UsageError("--bytes packs one file"), 2, "E_USAGE", "--bytes packs one file"],
  [new RangeError("options.blockBytes must be >= 64, got 3"), 2, "E_USAGE", "--block-bytes must be >= 64, got 3"],
  [
    new TypeError('options.blockRecords needs cut: "fixed", got 5'),
    2,
    "E_USAGE",
    "--block-records needs --cut fixed, got 5",
  ],
  [
    new TypeError("x is not a function"),
    1,
    "E_INTERNAL",
    "internal error: x is not a function (run with --debug and report it)",
  ],
  ["thrown text", 1, "E_INTERNAL", "internal error: thrown text (run with --debug and report it)"],
])("%s", (error, exitCode, code, message) => {
  expect(describeFailure(error, running)).toMatchObject({ exitCode, code, message });
});

test("whatever an interrupted command fails with, it was interrupted", () => {
  const failure = describeFailure(new HexzError("E_CLOSED", "closed"), AbortSignal.abort());
  expect(failure).toMatchObject({ exitCode: 130, code: "E_INTERRUPTED" });
});
