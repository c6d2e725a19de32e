/**
 * Records: typed fields over the blocks of the engine. Receives an open snapshot of kind `records` and gives records by number, by many numbers or in
 * order, as plain objects (`records.ts`, `decode.ts`), and batches of rows as columns (`columns.ts`); for writing it turns records into rows
 * (`encode.ts`). Invariants: a record shares no memory with a block, a column belongs to its receiver, and what does not fit the schema or lies
 * outside its block is a typed error.
 *
 * @module
 */
export type { Collated, Collator, Column, RowRefs } from "./columns.js";
export { createCollator, createVariableColumn } from "./columns.js";
export type { RecordReader } from "./decode.js";
export { createRecordReader } from "./decode.js";
export type { RawBlock, RowWriter } from "./encode.js";
export { createRowWriter } from "./encode.js";
export { fields, schemaFromSpec, schemaSpec } from "./fields.js";
export type { RecordsOptions } from "./records.js";
export { openRecords } from "./records.js";
export type {
  Batch,
  ColumnsOf,
  Field,
  FieldTypes,
  JsonValue,
  NumericArray,
  RecordInput,
  RecordOf,
  RecordSource,
  Records,
  Schema,
  VariableColumn,
} from "./types.js";
