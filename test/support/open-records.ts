import { openSnapshot } from "../../src/core/snapshot.js";
import { openRecords as openReader } from "../../src/dataset/records.js";

/** All records of a snapshot, in order. */
export async function openRecords(path: string): Promise<Record<string, unknown>[]> {
  await using snapshot = await openSnapshot(path);
  await using reader = openReader(snapshot, { cacheBytes: 2 ** 20 });
  const records: Record<string, unknown>[] = [];
  for await (const record of reader) records.push(record);
  return records;
}
