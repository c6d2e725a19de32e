/**
 * Batches as TensorFlow.js tensors.
 *
 * Receives a `DataLoader` and the caller's own TensorFlow.js namespace; gives an object that `model.fitDataset` and `model.evaluateDataset`
 * take. Invariants: nothing is opened before the first batch is asked for; at most one epoch is open; a tensor is either handed to the
 * caller or disposed; values are never scaled, truncated or wrapped unless the options say so. Imports no TensorFlow.js package.
 *
 * @module
 */
export type { BatchIterator } from "./batch-stream.js";
export type { FieldCast } from "./field-plan.js";
export type { FieldSelection, SelectedTensors } from "./selection.js";
export { type TensorBatch, type TfDataset, type TfDatasetOptions, tfDataset } from "./tf-dataset.js";
export type { TensorDtype, TensorLike, TensorOf, TensorValues, TfLike } from "./tf-like.js";
