import type { BlockEntry, Snapshot } from "../src/index.js";

/** The index entries of all blocks, in order. */
export async function loadBlocks(snapshot: Snapshot): Promise<BlockEntry[]> {
  const entries: BlockEntry[] = [];
  for (let block = 0; block < snapshot.header.blocks; block++) entries.push(await snapshot.entry(block));
  return entries;
}
