/**
 * Batches as Apache Arrow record batches.
 *
 * Receives an epoch or a loader; gives `RecordBatch`es over the same memory, a reader with their schema, and the IPC stream and file formats
 * as bytes. Invariants: one record batch for each batch, in the same order; a stream has one schema; nothing but bools is copied; ending any
 * of the iterations releases the epoch. Needs the optional peer `apache-arrow`.
 *
 * @module
 */
export { type ArrowColumns, arrowSchema } from "./arrow-schema.js";
export { toIpcFile, toIpcStream } from "./ipc.js";
export { toRecordBatch } from "./record-batch.js";
export {
  type ArrowOptions,
  type ArrowSchemaOf,
  type BatchSource,
  type EpochReader,
  type RecordBatchOf,
  recordBatches,
  recordBatchReader,
} from "./record-batches.js";
