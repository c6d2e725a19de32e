import { existsSync } from "node:fs";
import type { Command } from "commander";
import { Option } from "commander";
import { HexzError, isHexzError } from "../errors.js";
import type { AnyIterable, PackOptions, PackResult } from "../pack/index.js";
import { pack } from "../pack/index.js";
import { nowMs } from "../platform/index.js";
import { openSource, sourceNames } from "../sources/index.js";
import { formatBytes } from "../util/byte-size.js";
import { openByteInput } from "./byte-input.js";
import type { CommandContext, CommonFlags } from "./command.js";
import { createCommand, createContext, integerIn } from "./command.js";
import { UsageError } from "./failure.js";
import type { CliIo } from "./io.js";
import { formatCount, formatMs, plural, printable } from "./text.js";

const SKIPPED_SHOWN = 5;

interface PackFlags extends CommonFlags {
  readonly output: string;
  readonly source?: string;
  readonly bytes?: boolean;
  readonly codec?: "lz4" | "zstd" | "stored";
  readonly level?: number;
  readonly cut?: "content" | "fixed";
  readonly blockBytes?: string;
  readonly blockRecords?: number;
  readonly workers?: number;
  readonly overwrite?: boolean;
  readonly verify: boolean;
  readonly onBad?: "raise" | "skip";
}

/** `hexz pack`: files of a known format, or plain bytes, into a snapshot. */
export function packCommand(io: CliIo): Command {
  return createCommand("pack", "Pack files into a snapshot. It appears whole and verified, or not at all.", [
    ["hexz pack photos/ -o photos.hxz --codec zstd", "a folder of images, the subfolder's name as label"],
    ["hexz pack --bytes model.bin -o model.hxz", "any file, as plain bytes"],
  ])
    .argument("<input...>", "files or folders; - is stdin with --bytes")
    .requiredOption("-o, --output <file>", "the snapshot to write: a file, or s3://bucket/key")
    .addOption(new Option("--source <name>", "format of the input (default: by its name)").choices(sourceNames()))
    .addOption(
      new Option("--bytes", "pack one file of any type as plain bytes").conflicts(["source", "onBad", "blockRecords"]),
    )
    .addOption(
      new Option("--codec <name>", "lz4 decodes fastest, zstd is smaller (default: lz4)").choices([
        "lz4",
        "zstd",
        "stored",
      ]),
    )
    .addOption(new Option("--level <n>", "level of zstd, 1 (fast) to 19 (small) (default: 3)").argParser(integerIn(0)))
    .addOption(
      new Option("--cut <kind>", "where blocks of records end (default: content)").choices(["content", "fixed"]),
    )
    .option("--block-bytes <size>", 'raw bytes per block, like 65536 or "256 KiB" (default: 128 KiB)')
    .addOption(new Option("--block-records <n>", "records per block, with --cut fixed").argParser(integerIn(1)))
    .addOption(
      new Option(
        "--workers <n>",
        "encode threads; the bytes do not depend on it (default: cores - 1, up to 4)",
      ).argParser(integerIn(0)),
    )
    .option("--overwrite", "replace the output where it exists")
    .option("--no-verify", "do not decode what was encoded nor check the finished file")
    .addOption(
      new Option(
        "--on-bad <policy>",
        "broken images end the packing, or are left out and named (default: raise)",
      ).choices(["raise", "skip"]),
    )
    .action((inputs: string[], flags: PackFlags) => packInputs(inputs, flags, io));
}

/** What is packed. */
interface Input {
  readonly items: AnyIterable<unknown>;
  readonly totalBytes: number | undefined;
  /** Inputs left out so far, by name. */
  readonly skipped: () => readonly string[];
}

async function packInputs(inputs: readonly string[], flags: PackFlags, io: CliIo): Promise<void> {
  const context = createContext(io, flags);
  if (flags.output === "") throw new UsageError("--output must be the path of a file, got an empty text");
  const input = flags.bytes === true ? await bytesInput(inputs, io) : recordsInput(inputs, flags);
  const progress = context.progress();
  const onProgress: PackOptions["onProgress"] = ({ records, blocks, bytesIn: bytes }) => {
    if (input.totalBytes !== undefined) progress.update({ done: bytes, total: input.totalBytes, unit: "bytes", bytes });
    else if (flags.bytes === true) progress.update({ done: blocks, unit: "blocks", bytes });
    else progress.update({ done: records, unit: "records", bytes });
  };
  const startMs = nowMs();
  // A source brings its schema along; bytes have none: `pack` sees which it is.
  const items = input.items as AnyIterable<Uint8Array>;
  const result = await pack(items, flags.output, { ...packOptions(flags), signal: context.signal, onProgress }).finally(
    () => progress.end(),
  );
  const ms = nowMs() - startMs;
  const skipped = input.skipped();
  const { statistics: _statistics, ...facts } = result;
  await context.report({ ...facts, skipped, ms }, () => summary(result, skipped, ms, context.colors));
}

function packOptions({
  codec,
  level,
  cut,
  blockBytes,
  blockRecords,
  workers,
  overwrite,
  verify,
}: PackFlags): PackOptions {
  return { codec, level, cut, blockBytes, blockRecords, workers, overwrite, verify };
}

async function bytesInput(inputs: readonly string[], io: CliIo): Promise<Input> {
  const [path = "", ...more] = inputs;
  if (more.length > 0)
    throw new UsageError(`--bytes packs one file, got ${inputs.length}: pack each into its own snapshot`);
  const { chunks, totalBytes } = await openByteInput(path, io);
  return { items: chunks, totalBytes, skipped: () => [] };
}

/** Files of a known format, as records with their schema. */
function recordsInput(inputs: readonly string[], { source, onBad }: PackFlags): Input {
  const missing = inputs.find((path) => !existsSync(path));
  if (missing !== undefined)
    throw new HexzError("E_NOT_FOUND", `${missing} does not exist; check the path`, { context: { path: missing } });
  const skipped: string[] = [];
  const onSkip = ({ path }: { readonly path: string }) => skipped.push(path);
  try {
    const items = openSource(inputs, { name: source, onBad, onSkip });
    return { items, totalBytes: undefined, skipped: () => skipped };
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message, { cause: error });
    if (!isHexzError(error, "E_INPUT") || source !== undefined || inputs.length > 1) throw error;
    const message = `${error.message}; name one with --source, or pack the file as plain bytes with --bytes`;
    throw new HexzError(error.code, message, { context: error.context, cause: error });
  }
}

function summary(
  { path, records, blocks, rawBytes, fileBytes, id, kind }: PackResult,
  skipped: readonly string[],
  ms: number,
  { bold, yellow }: CommandContext["colors"],
): string {
  const what =
    kind === "records" ? `${plural(records, "record")} in ${plural(blocks, "block")}` : plural(blocks, "block");
  const perSecond = kind === "records" ? `${formatCount(Math.round((records / ms) * 1000))} records/s, ` : "";
  const share = ((fileBytes / rawBytes) * 100).toFixed(1);
  const lines = [
    `${bold(printable(path))}: ${what}`,
    `${formatBytes(rawBytes)} raw, ${formatBytes(fileBytes)} in the file (${share} %)`,
    `${formatMs(ms)}, ${perSecond}${formatBytes(Math.round((rawBytes / ms) * 1000))}/s`,
    `id ${id}`,
  ];
  if (skipped.length > 0) {
    const named = skipped.slice(0, SKIPPED_SHOWN).map(printable).join(", ");
    const more = skipped.length > SKIPPED_SHOWN ? ` and ${formatCount(skipped.length - SKIPPED_SHOWN)} more` : "";
    lines.push(yellow(`left out ${plural(skipped.length, "broken image")}: ${named}${more}`));
  }
  return lines.join("\n");
}
