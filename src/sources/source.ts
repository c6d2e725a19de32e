import type { RecordInput, RecordSource, Schema } from "../dataset/types.js";

/** A source from two functions: neither runs before it is asked for, and the schema is found once. */
export function createSource<S extends Schema>(
  readSchema: () => Promise<S>,
  readRecords: (schema: S) => AsyncIterable<RecordInput<S>>,
): RecordSource<S> {
  let schema: Promise<S> | undefined;
  const found = () => {
    schema ??= readSchema();
    return schema;
  };
  return {
    get schema() {
      return found();
    },
    async *[Symbol.asyncIterator]() {
      yield* readRecords(await found());
    },
  };
}
