import type { Json } from "../core/format/metadata.js";
import type { FieldSpec, SchemaSpec } from "../core/format/schema.js";

/** Phantom key: carries a field's record and column types, never a value. */
declare const typesOf: unique symbol;

/** The types a field stands for: what a record holds, what `pack` accepts, what a batch holds. */
export interface FieldTypes {
  readonly value: unknown;
  readonly input: unknown;
  readonly column: unknown;
}

/** A field of a schema: its stored description plus, for the compiler only, its TypeScript types. */
export interface Field<T extends FieldTypes = FieldTypes> {
  readonly spec: FieldSpec;
  readonly [typesOf]?: T;
}

/** Field name → field, in column order: what `pack({ schema })` and `openDataset({ schema })` take. */
export type Schema = Readonly<Record<string, Field>>;

type TypesOf<F> = F extends Field<infer T> ? T : never;

/** The record `get(i)` gives for a schema. */
export type RecordOf<S extends Schema> = { [K in keyof S]: TypesOf<S[K]>["value"] };

/** The record `pack` accepts for a schema: a superset of {@link RecordOf} (plain arrays, safe integers for int64 …). */
export type RecordInput<S extends Schema> = { [K in keyof S]: TypesOf<S[K]>["input"] };

/** The columns of a batch for a schema. */
export type ColumnsOf<S extends Schema> = { [K in keyof S]: TypesOf<S[K]>["column"] };

/** What `JSON.parse` gives. */
export type JsonValue = Json;

/** Any typed array a column or a shaped value may be. `float16` values are `Uint16Array` of IEEE half bits in columns. */
export type NumericArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

/**
 * A column of values of varying size, in Arrow's layout: value `i` is `data[offsets[i] … offsets[i + 1])`, counted in items.
 * `T` is the value type: string, Uint8Array, a typed array of items, or parsed JSON.
 */
export interface VariableColumn<T = unknown, D extends NumericArray = NumericArray> {
  /** `size + 1` item offsets into `data`, ascending from 0. */
  readonly offsets: Int32Array;
  /** The items of all values, one after another. UTF-8 bytes for text and JSON. */
  readonly data: D;
  readonly length: number;
  /** The value of row `i` (a view of `data` for binary and lists; nulls give `null`). */
  at(i: number): T;
}

/**
 * `size` records as columns. Fixed fields are one typed array of shape `[size, …shape]`, row-major; variable fields are
 * {@link VariableColumn}s.
 *
 * The arrays belong to the receiver until it calls `release()`; a receiver who never does keeps them for good. `release()` says that the arrays are no longer read: their memory is then used for a later batch,
 * which is faster than fresh memory each time, and once a loader has seen a release its arrays are views of shared memory.
 */
export interface Batch<S extends Schema = Schema> {
  readonly epoch: number;
  /** Step within the epoch, from 0. */
  readonly step: number;
  /** Records in this batch. */
  readonly size: number;
  /** How many of them, the last ones, only fill a last batch up (`tail: "pad"`): leave them out where they would count twice. */
  readonly padded: number;
  /** Record numbers, in the order of the rows. */
  readonly indices: Float64Array;
  readonly columns: ColumnsOf<S>;
  /** For nullable fields: a bitmap, bit `i` (least significant first) set where row `i` has a value. */
  readonly validity: Readonly<Partial<Record<keyof S & string, Uint8Array>>>;
  /** The stored description of the columns. */
  readonly schema: SchemaSpec;
  /** Ends the use of the arrays: nobody may read them any more. Called twice it does nothing more. */
  release(): void;
  /** One more user: as many `release()` calls more are needed. @returns the batch */
  retain(): this;
}

/** Random access to the records of a snapshot. */
export interface Records<S extends Schema = Schema> extends AsyncIterable<RecordOf<S>>, AsyncDisposable {
  readonly length: number;
  readonly schema: SchemaSpec;
  get(index: number, options?: { readonly signal?: AbortSignal | undefined }): Promise<RecordOf<S>>;
  /** Records in the order asked; duplicates welcome; each block decoded once. */
  getMany(indices: Iterable<number>, options?: { readonly signal?: AbortSignal | undefined }): Promise<RecordOf<S>[]>;
  select<K extends keyof S & string>(names: readonly K[]): Records<Pick<S, K>>;
  close(): Promise<void>;
}

/**
 * Records with the schema they fit, as `hexz/sources` make them and `pack` takes them. Lazy: nothing is opened before `schema` is awaited or the
 * iteration begins; each iteration starts anew.
 */
export interface RecordSource<S extends Schema = Schema> extends AsyncIterable<RecordInput<S>> {
  /** Known at once, or found by reading the input (await it). */
  readonly schema: S | PromiseLike<S>;
}
