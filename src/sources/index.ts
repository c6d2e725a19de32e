/**
 * Files of common formats as records for `pack`. Receives paths; gives a lazy async iterable of records with its schema ({@link RecordSource}). Invariants: nothing is
 * opened before it is asked for, memory stays bounded, leaving an iteration closes its files, and bad input is a typed error with file and line.
 *
 * @module
 */
export type { RecordSource } from "../dataset/types.js";
export { type CsvOptions, csv } from "./csv.js";
export { type IdxFiles, idx, type LabelledImages } from "./idx.js";
export { type ImageSource, type ImagesOptions, images } from "./images.js";
export { type JsonlOptions, jsonl } from "./jsonl.js";
export { type OpenSourceOptions, openSource, sourceNames } from "./registry.js";
