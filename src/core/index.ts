/**
 * The engine: any range of a snapshot's raw bytes, verified. Receives storage that reads ranges (`storage/`), gives bytes whose checksum, codec and length
 * were checked against the index, itself checked up to the snapshot's id (`format/`, `codec/`, `blocks.ts`, `block-decoder.ts`, `block-index.ts`, `snapshot.ts`). Invariant: what
 * does not verify is a typed error, never bytes. Knows nothing of machine learning.
 *
 * @module
 */
export { decodeBlock } from "./block-decoder.js";
export type { BlockRecipe, EncodedBlock, EncodeRecipe } from "./blocks.js";
export { encodeBlock } from "./blocks.js";
export type { Snapshot, SnapshotOptions } from "./snapshot.js";
export { openSnapshot } from "./snapshot.js";
export type { VerifyOptions, VerifyReport } from "./verify.js";
