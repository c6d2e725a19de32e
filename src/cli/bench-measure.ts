import type { LoaderHost } from "../loader/host.js";
import type { DataLoader } from "../loader/types.js";
import { nowMs } from "../platform/index.js";

/** One epoch, measured from the first `next()` to the end. */
export interface EpochMeasure {
  readonly epoch: number;
  readonly ms: number;
  readonly firstBatchMs: number;
  readonly steps: number;
  readonly records: number;
  /** Raw bytes of the snapshot per second: every record is read once per epoch. */
  readonly rawBytesPerSecond: number;
  readonly recordsPerSecond: number;
  /** Stored bytes read and blocks decoded by this epoch; what is in memory already costs neither. */
  readonly storedBytesRead: number;
  readonly blocksDecoded: number;
}

/** Reads one epoch to its end and throws the batches away. */
export async function measureEpoch(
  loader: DataLoader,
  host: LoaderHost,
  epoch: number,
  onBatch: (records: number) => void,
  signal: AbortSignal,
): Promise<EpochMeasure> {
  const before = host.store.stats;
  const startMs = nowMs();
  let firstBatchMs = 0;
  let steps = 0;
  let records = 0;
  for await (const batch of loader.epoch(epoch, { signal })) {
    if (steps === 0) firstBatchMs = nowMs() - startMs;
    steps++;
    records += batch.size;
    onBatch(records);
  }
  const ms = nowMs() - startMs;
  const after = host.store.stats;
  return {
    epoch,
    ms,
    firstBatchMs,
    steps,
    records,
    rawBytesPerSecond: (host.snapshot.size / ms) * 1000,
    recordsPerSecond: (records / ms) * 1000,
    storedBytesRead: after.storedBytesRead - before.storedBytesRead,
    blocksDecoded: after.blocksDecoded - before.blocksDecoded,
  };
}

/**
 * Milliseconds that one thread takes to read, check and decode every block once, in stored order, into the same memory: what an epoch cannot avoid. It runs the
 * very code of the loader's threads.
 */
export async function measureLimit(host: LoaderHost, signal: AbortSignal): Promise<number> {
  const { snapshot, store, arena } = host;
  const { blocks, maxRawLength, maxStoredLength } = snapshot.header;
  const { descriptor } = snapshot.source;
  const executor = host.executor(0);
  const target = store.reserve(maxRawLength, true)?.at ?? 0;
  const stored = store.reserve(maxStoredLength, true)?.at ?? 0;
  const startMs = nowMs();
  for (let block = 0; block < blocks; block++) {
    const entry = await snapshot.entry(block, { signal });
    if (descriptor === undefined) await snapshot.source.readInto(entry.offset, arena.view(stored, entry.storedLength));
    const job = descriptor === undefined ? { entry, target, stored } : { entry, target };
    await executor.run({ kind: "decode", descriptor, jobs: [job] });
  }
  return nowMs() - startMs;
}
