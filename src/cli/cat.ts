import type { Command } from "commander";
import { Option } from "commander";
import type { CommonFlags } from "./command.js";
import { createCommand, integerIn } from "./command.js";
import { UsageError } from "./failure.js";
import type { CliIo } from "./io.js";
import { openSnapshotFile } from "./open.js";

/** Bytes read and written at once: what a slow reader makes us hold. */
const CHUNK_BYTES = 2 ** 20;

interface CatFlags extends CommonFlags {
  readonly offset: number;
  readonly length?: number;
}

/** `hexz cat`: raw bytes of a snapshot to stdout. */
export function catCommand(io: CliIo): Command {
  return createCommand(
    "cat",
    "Write the raw bytes of a snapshot to stdout: the packed bytes, or for records the rows of docs/FORMAT.md section 6.2.",
    [
      ["hexz cat model.hxz > model.bin", "everything"],
      ["hexz cat --offset 4096 --length 512 model.hxz | xxd", "a range, without reading the rest"],
    ],
  )
    .argument("<file>", "the snapshot")
    .addOption(new Option("--offset <bytes>", "first raw byte").default(0).argParser(integerIn(0)))
    .addOption(new Option("--length <bytes>", "raw bytes to write (default: to the end)").argParser(integerIn(0)))
    .action((file: string, flags: CatFlags) => cat(file, flags, io));
}

async function cat(file: string, flags: CatFlags, io: CliIo): Promise<void> {
  const { signal } = io;
  await using snapshot = await openSnapshotFile(file, signal);
  const { offset, length = Math.max(0, snapshot.size - offset) } = flags;
  const end = offset + length;
  if (offset > snapshot.size || end > snapshot.size) {
    throw new UsageError(
      `bytes ${offset} to ${end} were asked of ${snapshot.name}, which has ${snapshot.size} raw bytes`,
    );
  }
  for (let at = offset; at < end; at += CHUNK_BYTES) {
    await io.stdout.write(await snapshot.read(at, Math.min(CHUNK_BYTES, end - at), { signal }));
  }
}
