import { readSync } from "node:fs";

/** Reads bytes from `offset` of an open file into `target` on the calling thread, and says how many: fewer than asked where the file ends or the system likes. */
export function readAtSync(descriptor: number, offset: number, target: Uint8Array): number {
  return readSync(descriptor, target, 0, target.length, offset);
}
