/**
 * Where bytes come from: one port, `RangeSource`, and its drivers.
 *
 * Receives a path, a URL or a source; gives any range of its bytes, complete, or an error. Invariants: a short read is an error, never zeros; a range
 * outside the source is refused before any I/O; a file that changed is an error; nothing is read after `close()`.
 *
 * @module
 */
export { type LocalSource, openLocalSource } from "./local.js";
export { createMemorySource, type MemorySourceOptions } from "./memory.js";
export { isRangeSource, openSource } from "./open-source.js";
export type { RangeSource, ReadOptions } from "./port.js";
