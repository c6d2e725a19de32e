/**
 * Packing: records or bytes in, one published snapshot out.
 *
 * Receives any iterable of records with a schema, or of byte chunks; gives a file that `core` opens. The way through: `raw-blocks` cuts the input into raw blocks
 * (`cut` decides where), `encode-pool` encodes them on threads (`encode-block`, `filters`, `statistics`), `writer` lays them out with their index
 * (`index-builder`), `publish` makes the file durable and gives it its name. Invariants: the bytes depend on input and options only, not on the
 * number of threads; a bounded number of blocks is in memory; the destination holds the old file or the complete new one at any moment.
 *
 * @module
 */
export type { PackOptions, PackProgress } from "./options.js";
export { type AnyIterable, type PackResult, pack } from "./pack.js";
