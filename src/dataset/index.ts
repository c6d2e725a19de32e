/**
 * Records: typed fields over the blocks of the engine. Receives an open snapshot of kind `records` and gives records by number, by many numbers or in
 * order, as plain objects (`records.ts`, `decode.ts`); says what a column of a batch is (`variable-column.ts`); for writing it turns records into rows
 * (`encode.ts`). Invariants: a record shares no memory with a block, and what does not fit the schema or lies
 * outside its block is a typed error.
 *
 * @module
 */
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
export { createVariableColumn } from "./variable-column.js";
