import type { Snapshot } from "../core/snapshot.js";
import { openSnapshot } from "../core/snapshot.js";
import { openSource } from "../core/storage/index.js";
import type { RangeSource } from "../core/storage/port.js";
import { UsageError } from "./failure.js";

/** Opens the source that an argument names, wherever it lies: who types an address means it. What is no path or address at all is wrong usage. */
export async function openFile(where: string): Promise<RangeSource> {
  try {
    return await openSource(where, { allowPrivate: true });
  } catch (error) {
    // The library calls its argument `where`, the help calls it <file>.
    if (error instanceof TypeError) throw new UsageError(error.message.replace(/^where /, "<file> "), { cause: error });
    throw error;
  }
}

/** Opens the snapshot that an argument names. */
export async function openSnapshotFile(where: string, signal: AbortSignal): Promise<Snapshot> {
  return openSnapshot(await openFile(where), { signal });
}
