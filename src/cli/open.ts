import type { Snapshot } from "../core/snapshot.js";
import { openSnapshot } from "../core/snapshot.js";
import { openSource } from "../core/storage/index.js";
import type { RangeSource } from "../core/storage/port.js";
import { UsageError } from "./failure.js";

/** Opens the source that an argument names; what is no path or address at all is wrong usage. */
export async function openFile(where: string): Promise<RangeSource> {
  try {
    // Who types an address means it, also where it is in their own network.
    return await openSource(where, { allowPrivate: true });
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

/** Opens the snapshot that an argument names. */
export async function openSnapshotFile(where: string, signal: AbortSignal): Promise<Snapshot> {
  return openSnapshot(await openFile(where), { signal });
}
