import type { Command } from "commander";
import { nowMs } from "../platform/index.js";
import { formatBytes } from "../util/byte-size.js";
import type { CommandContext, CommonFlags } from "./command.js";
import { createCommand, createContext } from "./command.js";
import type { CopyResult, CopyTarget } from "./copy-target.js";
import { copyToFile } from "./copy-to-file.js";
import { copyToS3 } from "./copy-to-s3.js";
import { UsageError } from "./failure.js";
import type { CliIo } from "./io.js";
import { openSnapshotFile } from "./open.js";
import { formatMs, printable } from "./text.js";

interface CpFlags extends CommonFlags {
  readonly overwrite?: boolean;
  readonly resume: boolean;
  readonly verify: boolean;
}

/** Kinds of storage copied to, by scheme; everything else is a path. */
const TARGETS: ReadonlyMap<string, CopyTarget> = new Map([["s3:", copyToS3]]);

/** `hexz cp`: a snapshot from one storage to another. */
export function cpCommand(io: CliIo): Command {
  return createCommand(
    "cp",
    "Copy a snapshot between files, http and S3. Run again after an interruption, it goes on where it was.",
    [
      ["hexz cp s3://bucket/train.hxz train.hxz", "to this machine; every byte is verified before it gets its name"],
      [
        "hexz cp train.hxz s3://bucket/train.hxz",
        "credentials, region and endpoint come from AWS_* or the AWS configuration",
      ],
    ],
  )
    .argument("<source>", "a snapshot: a file, an http(s):// or an s3:// address")
    .argument("<destination>", "a file, or s3://bucket/key")
    .option("--overwrite", "replace the destination where it exists")
    .option("--no-resume", "start over, and leave nothing behind where the copy fails")
    .option("--no-verify", "compare the copy's id only, do not read every block of it")
    .action((source: string, destination: string, flags: CpFlags) => copy(source, destination, flags, io));
}

async function copy(from: string, destination: string, flags: CpFlags, io: CliIo): Promise<void> {
  const context = createContext(io, flags);
  const { signal } = context;
  const target = targetFor(destination);
  await using snapshot = await openSnapshotFile(from, signal);
  const { source, id } = snapshot;
  const progress = context.progress();
  const startMs = nowMs();
  let doneBytes = 0;
  const onBytes = (bytes: number) => {
    doneBytes = bytes;
    progress.update({ done: bytes, total: source.size, unit: "bytes", bytes });
  };
  const { overwrite = false, resume, verify } = flags;
  const job = { source, id, destination, overwrite, resume, verify, signal, onBytes };
  const result = await target(job)
    .finally(() => progress.end())
    .catch(async (error: unknown) => {
      if (resume && doneBytes > 0) await tellLeft(context);
      throw error;
    });
  await report(
    context,
    { from: snapshot.name, destination, id, bytes: source.size, ms: nowMs() - startMs, verify },
    result,
  );
}

function targetFor(destination: string): CopyTarget {
  const scheme = /^([a-z][a-z0-9+.-]+:)\/\//i.exec(destination)?.[1]?.toLowerCase();
  const target = scheme === undefined ? copyToFile : TARGETS.get(scheme);
  if (target !== undefined && destination !== "") return target;
  throw new UsageError(`the destination must be a path or s3://bucket/key, got ${scheme ?? "an empty text"}`);
}

async function tellLeft({ io, isJson, isQuiet }: CommandContext): Promise<void> {
  if (isJson || isQuiet) return;
  await io.stderr.write(
    "hexz: what was copied is kept; run the same command to go on, or with --no-resume to start over\n",
  );
}

interface Copied {
  readonly from: string;
  readonly destination: string;
  readonly id: string;
  readonly bytes: number;
  readonly ms: number;
  readonly verify: boolean;
}

async function report(context: CommandContext, copied: Copied, { resumedBytes }: CopyResult): Promise<void> {
  const { from, destination, id, bytes, ms, verify } = copied;
  const document = { ok: true, source: from, destination, id, bytes, resumedBytes, verified: verify, ms };
  await context.report(document, () => {
    const resumed = resumedBytes === 0 ? "" : `, ${formatBytes(resumedBytes)} of them earlier`;
    const checked = verify ? "every block verified" : "id compared";
    return `${context.colors.green("ok")} ${printable(destination)}: ${formatBytes(bytes)}${resumed}, ${checked}, in ${formatMs(ms)}`;
  });
}
