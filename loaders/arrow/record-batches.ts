import type { Schema as ArrowSchema, RecordBatch } from "apache-arrow";
import { type Batch, type DataLoader, type Epoch, HexzError, type Schema, type SchemaSpec } from "../../src/index.js";
import { type ArrowColumns, arrowSchema } from "./arrow-schema.js";
import { toRecordBatch } from "./record-batch.js";

/** An epoch, or a loader, which gives its next epoch. */
export type BatchSource<S extends Schema> = Epoch<S> | DataLoader<S>;

export interface ArrowOptions {
  /**
   * The loader's schema (`loader.schema`), so that an epoch without batches still has one. @default the loader's, or that of the epoch's
   * first batch
   */
  readonly schema?: SchemaSpec | undefined;
}

/** A RecordBatch with a loader's field names. */
export type RecordBatchOf<S extends Schema> = RecordBatch<ArrowColumns<keyof S & string>>;

/** The Arrow schema of a loader's fields. */
export type ArrowSchemaOf<S extends Schema> = ArrowSchema<ArrowColumns<keyof S & string>>;

/**
 * The batches of an epoch as Arrow RecordBatches, in order, one for each. Columns are the batch's own memory, without a copy (bools are
 * packed to bits). `break` releases the epoch.
 *
 * @example
 * ```ts
 * for await (const recordBatch of recordBatches(loader.epoch(0))) console.log(recordBatch.numRows);
 * ```
 */
export async function* recordBatches<S extends Schema>(source: BatchSource<S>): AsyncGenerator<RecordBatchOf<S>, void> {
  let schema: ArrowSchemaOf<S> | undefined;
  for await (const batch of batchesOf(source)) {
    schema ??= arrowSchema<keyof S & string>(batch.schema);
    yield toRecordBatch(batch, schema);
  }
}

/**
 * Batches with the schema they have in common, as Arrow's own asynchronous readers look: `open()`, then `schema`, then iterate. Arrow's
 * writers and any consumer of an `AsyncIterable<RecordBatch>` take it as it is.
 */
export interface EpochReader<S extends Schema> extends AsyncIterableIterator<RecordBatchOf<S>>, AsyncDisposable {
  /** Known at once from a loader or from `options.schema`, otherwise after `open()` or the first batch. */
  readonly schema: ArrowSchemaOf<S> | undefined;
  /** @throws HexzError `E_EMPTY` where the epoch has no batch and its schema was not given. */
  open(): Promise<EpochReader<S> & { readonly schema: ArrowSchemaOf<S> }>;
  return(): Promise<IteratorResult<RecordBatchOf<S>>>;
  /** Releases the epoch. */
  cancel(): Promise<void>;
  [Symbol.asyncIterator](): EpochReader<S>;
}

/**
 * A reader over an epoch's record batches.
 *
 * @example
 * ```ts
 * const reader = await recordBatchReader(loader.epoch(0), { schema: loader.schema }).open();
 * console.log(reader.schema.names);
 * for await (const recordBatch of reader) console.log(recordBatch.numRows);
 * ```
 */
export function recordBatchReader<S extends Schema>(
  source: BatchSource<S>,
  options: ArrowOptions = {},
): EpochReader<S> {
  return createReader(batchesOf(source), options.schema ?? ("schema" in source ? source.schema : undefined));
}

function createReader<S extends Schema>(batches: Epoch<S>, spec: SchemaSpec | undefined): EpochReader<S> {
  let schema = spec === undefined ? undefined : arrowSchema<keyof S & string>(spec);
  let peeked: IteratorResult<Batch<S>> | undefined;
  let ended: Promise<unknown> | undefined;
  const reader: EpochReader<S> = {
    get schema() {
      return schema;
    },
    open: async () => {
      if (schema === undefined) {
        peeked = await batches.next();
        schema = arrowSchema<keyof S & string>(specOf(peeked));
      }
      return reader as EpochReader<S> & { readonly schema: ArrowSchemaOf<S> }; // the line above set it
    },
    next: async () => {
      const result = peeked ?? (await batches.next());
      peeked = undefined;
      if (result.done === true) return { done: true, value: undefined };
      schema ??= arrowSchema<keyof S & string>(result.value.schema);
      return { done: false, value: toRecordBatch(result.value, schema) };
    },
    return: async () => {
      peeked = undefined;
      ended ??= batches.return();
      await ended;
      return { done: true, value: undefined };
    },
    cancel: async () => {
      await reader.return();
    },
    [Symbol.asyncIterator]: () => reader,
    [Symbol.asyncDispose]: () => reader.cancel(),
  };
  return reader;
}

function specOf<S extends Schema>(first: IteratorResult<Batch<S>>): SchemaSpec {
  if (first.done !== true) return first.value.schema;
  throw new HexzError(
    "E_EMPTY",
    "The epoch has no batch to tell its schema: pass the loader, or its schema as options.schema.",
  );
}

function batchesOf<S extends Schema>(source: BatchSource<S>): Epoch<S> {
  return source[Symbol.asyncIterator]();
}
