import type { Command } from "commander";
import { nowMs } from "../platform/clock.js";
import { formatBytes } from "../util/byte-size.js";
import type { CommonFlags } from "./command.js";
import { createCommand, createContext } from "./command.js";
import type { CliIo } from "./io.js";
import { openSnapshotFile } from "./open.js";
import { formatMs, plural, printable } from "./text.js";

interface VerifyFlags extends CommonFlags {
  readonly deep?: boolean;
}

/** `hexz verify`: reads every byte of a snapshot and says what was checked. */
export function verifyCommand(io: CliIo): Command {
  return createCommand("verify", "Check every byte of a snapshot; exit code 1 names the first thing that is wrong.", [
    ["hexz verify train.hxz", "index, counts and the checksum of every block"],
    ["hexz verify --deep train.hxz", "also decode every block and compare it with its BLAKE3 hash"],
  ])
    .argument("<file>", "the snapshot")
    .option("--deep", "decode every block and compare its hash")
    .action((file: string, flags: VerifyFlags) => verify(file, flags, io));
}

async function verify(file: string, flags: VerifyFlags, io: CliIo): Promise<void> {
  const context = createContext(io, flags);
  await using snapshot = await openSnapshotFile(file, context.signal);
  const progress = context.progress();
  const rawBytesPerBlock = snapshot.size / Math.max(1, snapshot.header.blocks);
  const startMs = nowMs();
  const report = await snapshot
    .verify({
      deep: flags.deep,
      signal: context.signal,
      onProgress: ({ blocks, blocksTotal }) =>
        progress.update({ done: blocks, total: blocksTotal, unit: "blocks", bytes: blocks * rawBytesPerBlock }),
    })
    .finally(() => progress.end());
  const ms = nowMs() - startMs;
  const hasHashes = snapshot.header.hashPages > 0;
  const document = {
    ok: true,
    file: snapshot.name,
    id: snapshot.id,
    ...report,
    hashesCompared: report.deep && hasHashes,
    ms,
  };
  await context.report(document, () => {
    const records = snapshot.kind === "records" ? `, ${plural(report.records, "record")}` : "";
    const how = !report.deep ? "checksums" : hasHashes ? "checksums, contents and hashes" : "checksums and contents";
    const what = `${plural(report.blocks, "block")} (${how}; ${formatBytes(report.storedBytes)} stored${records})`;
    const index = `header, metadata, counts and ${plural(snapshot.header.blockPages, "index page")}`;
    return `${context.colors.green("ok")} ${printable(snapshot.name)}: ${index}, ${what} in ${formatMs(ms)}`;
  });
}
