/**
 * The exports of the kernels module, in AssemblyScript; what each does is said at `Kernels` in ../types.ts. The memory is shared and live when a thread instantiates
 * this: no static data, no globals in memory, nothing allocated. Tables lie at the addresses of `layout.ts`, written by whoever made the memory (../memory.ts).
 */
export { castFields, gatherOneHot } from "./cast";
export { matchesCrc32, matchesXxh64 } from "./checksum";
export { gather, gatherBits, gatherItems, gatherOffsets } from "./gather";
export { decodeLz4 } from "./lz4";
export { pick, scatter, scatterBits, writeSlots } from "./scatter";
export { byteShuffle, byteUnshuffle } from "./shuffle";

export function copy(from: usize, lengthBytes: usize, to: usize): void {
  memory.copy(to, from, lengthBytes);
}

export function clear(at: usize, lengthBytes: usize): void {
  memory.fill(at, 0, lengthBytes);
}
