import type {
  Batch,
  DataLoader,
  FloatCast,
  Casts as LoaderCasts,
  LoaderState,
  NumericArray,
  Schema,
  SchemaSpec,
  VariableColumn,
} from "../../src/index.js";
import { type BatchIterator, BatchStream } from "./batch-stream.js";
import { type FieldCast, type FieldPlan, planField } from "./field-plan.js";
import { Leases } from "./leases.js";
import {
  type AnySelection,
  assertSelection,
  type FieldSelection,
  mapSelection,
  type SelectedTensors,
  selectedFields,
} from "./selection.js";
import { type TensorLike, type TfLike, tensorsIn } from "./tf-like.js";

/** The tensors of one batch, as `fitDataset` takes them; without `ys` where none were selected. */
export type TensorBatch<Tf extends TfLike, X, Y> = [Y] extends [undefined]
  ? { xs: SelectedTensors<Tf, X> }
  : { xs: SelectedTensors<Tf, X>; ys: SelectedTensors<Tf, Y> };

export interface TfDatasetOptions<S extends Schema, Tf extends TfLike, X, Y, R> {
  /** Fields of the features: a name, names in the order of the model's inputs, or model input name → field name. */
  readonly xs: X;
  /** Fields of the targets, in the same three forms. */
  readonly ys?: Y | undefined;
  /** Field name → how its numbers become the tensor's: `{ image: { scale: 1 / 255 } }`. Done on typed arrays, not in the graph. */
  readonly cast?: Readonly<Partial<Record<keyof S & string, FieldCast>>> | undefined;
  /**
   * Runs on each batch inside `tf.tidy`; the tensors in what it returns are kept, all others disposed. Synchronous. For `fitDataset` it
   * returns `{ xs, ys }`.
   */
  readonly transform?: ((tensors: TensorBatch<Tf, X, Y>, tf: Tf) => R) | undefined;
  /** One iterator runs on through all following epochs, as `fitDataset` with `batchesPerEpoch` needs it. @default false */
  readonly repeat?: boolean | undefined;
  /** Epoch number of the first iterator that is read; the same as `fitDataset`'s. @default 0 */
  readonly initialEpoch?: number | undefined;
  /** Go on from {@link TfDataset.state} of an earlier run: the rest of its epoch first. Not together with `initialEpoch`. */
  readonly resume?: LoaderState | undefined;
}

/** A loader's batches as tensors: what `model.fitDataset` and `model.evaluateDataset` take. */
export interface TfDataset<R> extends AsyncDisposable, AsyncIterable<R> {
  /** Batches of one epoch; `Infinity` with `repeat`. */
  readonly size: number;
  /** State after the last batch given, for `resume`; undefined before the first. */
  readonly state: LoaderState | undefined;
  /** An iterator over the next epoch, counted when it is first read. Its tensors belong to the caller, who disposes them. */
  iterator(): Promise<BatchIterator<R>>;
  /** Calls `fn` with each batch of one epoch, in order, waiting for each; disposes the batch's tensors afterwards. */
  forEachAsync(fn: (tensors: R) => unknown): Promise<void>;
  [Symbol.asyncIterator](): BatchIterator<R>;
  /** Releases the open epoch. The loader stays open: it is the caller's. */
  close(): Promise<void>;
}

const OPTION_NAMES = new Set(["xs", "ys", "cast", "transform", "repeat", "initialEpoch", "resume"]);

/**
 * Feeds a TensorFlow.js model from a loader.
 *
 * A field of shape `[height, width, channels]` becomes a tensor `[size, height, width, channels]`. Numbers and bools become float32, targets too:
 * layers expect it of inputs and `sparseCategoricalCrossentropy` refuses anything else; `cast` keeps integers as int32 (for `oneHot`) and bools
 * as bool. Values are never scaled unless `cast` says so. float64 is rounded; an int32 that float32 would round is an error. uint32 and 64-bit
 * integers have no dtype in TensorFlow.js and need a `cast`. Text and bytes become string tensors `[size]`. Where dtypes agree the tensor uses
 * the batch's memory without a copy.
 *
 * Each iterator that is read takes the next epoch number: `fitDataset({ epochs: 3 })` trains on the epochs 0, 1 and 2. It never says when it
 * stops early, so an iterator left in mid-epoch is released when the next one is first read, on `close()`, or when it is garbage
 * collected; hence at most one iterator of a tfDataset is open, and validation data needs a tfDataset of its own. `fitDataset` with
 * `batchesPerEpoch` reads a single iterator for all its epochs: set `repeat`, unless the loader's epoch has batches enough for all.
 *
 * @example
 * ```ts
 * const train = tfDataset(loader, tf, { xs: "image", ys: "label", cast: { image: { scale: 1 / 255 } } });
 * await model.fitDataset(train, { epochs: 5 });
 * await tfDataset(loader, tf, { xs: "image" }).forEachAsync(({ xs }) => model.predict(xs));
 * ```
 * @throws TypeError for options that name no field, a field no tensor can hold, or a cast that would lose values silently. Iterators throw
 * HexzError `E_RECORD` for a null or a value that does not fit, `E_CLOSED` after `close()`, and whatever the loader throws.
 */
export function tfDataset<
  S extends Schema,
  Tf extends TfLike,
  const X extends FieldSelection<S>,
  const Y extends FieldSelection<S> | undefined = undefined,
  R = TensorBatch<Tf, X, Y>,
>(loader: DataLoader<S>, tf: Tf, options: TfDatasetOptions<S, Tf, X, Y, R>): TfDataset<R> {
  assertOptions(options, loader.schema);
  const { xs, ys, transform, repeat = false, resume } = options;
  const cast: Casts = options.cast ?? {};
  const stored = { xs: planRole("xs", xs, loader.schema, cast), ys: planRole("ys", ys, loader.schema, cast) };
  // Its columns of another type are known to the plans, which read its schema.
  const cheap = loader.cast(loaderCasts<S>(loader.schema, stored, cast)) as unknown as DataLoader<S>;
  const plans = { xs: replan(stored.xs, cheap.schema), ys: replan(stored.ys, cheap.schema) };
  const leases = new Leases<S>(tf);
  const convert = (batch: Batch<S>): R => {
    let result: R | undefined;
    leases.sweep();
    tf.tidy(() => {
      const tensors = batchTensors(batch, tf, plans) as TensorBatch<Tf, X, Y>; // built from the selections X and Y
      leases.hold(batch, tensorsIn(tensors, "batch"));
      result = transform === undefined ? (tensors as R) : transform(tensors, tf); // without transform R is its default
      for (const tensor of tensorsIn(result, transform === undefined ? "batch" : "the result of options.transform"))
        tf.keep(tensor);
    });
    return result as R; // tidy has run its function
  };
  const stream = new BatchStream(cheap, convert, { initialEpoch: options.initialEpoch ?? 0, resume });
  return toDataset(stream, repeat ? Number.POSITIVE_INFINITY : loader.stepsPerEpoch, repeat);
}

function toDataset<S extends Schema, R>(stream: BatchStream<S, R>, size: number, repeat: boolean): TfDataset<R> {
  return {
    size,
    get state() {
      return stream.state;
    },
    iterator: async () => stream.iterate(repeat),
    forEachAsync: async (fn) => {
      for await (const tensors of stream.iterate(false)) {
        const owned = tensorsIn(tensors, "batch"); // listed before `fn`, which may change the record it is given
        try {
          await fn(tensors);
        } finally {
          for (const tensor of owned) tensor.dispose();
        }
      }
    },
    [Symbol.asyncIterator]: () => stream.iterate(repeat),
    close: () => stream.close(),
    [Symbol.asyncDispose]: () => stream.close(),
  };
}

type Casts = Readonly<Partial<Record<string, FieldCast>>>;

interface RolePlan {
  readonly selection: AnySelection;
  readonly fields: ReadonlyMap<string, FieldPlan>;
}

interface RolePlans {
  readonly xs: RolePlan | undefined;
  readonly ys: RolePlan | undefined;
}

function planRole(role: "xs" | "ys", selection: unknown, schema: SchemaSpec, cast: Casts): RolePlan | undefined {
  if (role === "ys" && selection === undefined) return undefined;
  assertSelection(`options.${role}`, selection, schema);
  const fields = new Map<string, FieldPlan>();
  for (const name of selectedFields(selection)) {
    const spec = schema[name];
    if (spec !== undefined) fields.set(name, planField(name, spec, cast[name]));
  }
  return { selection, fields };
}

/** Types whose every value float32 holds: the loader's threads cast them while they gather, which costs next to nothing there. */
const CAST_BY_LOADER: ReadonlySet<string> = new Set(["bool", "uint8", "int8", "uint16", "int16", "float16"]);

/** What is left to the loader of the selected fields. */
function loaderCasts<S extends Schema>(
  schema: SchemaSpec,
  plans: RolePlans,
  cast: Casts,
): LoaderCasts<keyof S & string> {
  const casts: Record<string, FloatCast> = {};
  for (const [name, plan] of [...(plans.xs?.fields ?? []), ...(plans.ys?.fields ?? [])]) {
    if (plan.dtype !== "float32" || !CAST_BY_LOADER.has(schema[name]?.type ?? "")) continue;
    const { scale, offset } = cast[name] ?? {};
    casts[name] = { dtype: "float32", scale, offset };
  }
  return casts as LoaderCasts<keyof S & string>; // fields of the loader's schema
}

/** The plan of a role where the loader has cast some fields: they are tensors as they come. */
function replan(role: RolePlan | undefined, schema: SchemaSpec): RolePlan | undefined {
  if (role === undefined) return undefined;
  const fields = new Map(role.fields);
  for (const [name, plan] of fields) {
    const spec = schema[name];
    if (spec !== undefined && plan.dtype === "float32" && spec.type === "float32" && plan.type !== "float32")
      fields.set(name, planField(name, spec, undefined));
  }
  return { ...role, fields };
}

function batchTensors<S extends Schema>(batch: Batch<S>, tf: TfLike, plans: RolePlans): Record<string, unknown> {
  const roles = Object.entries(plans).flatMap(([role, plan]) => (plan === undefined ? [] : [{ role, plan }]));
  return Object.fromEntries(
    roles.map(({ role, plan }) => [role, mapSelection(plan.selection, (name) => fieldTensor(batch, tf, name, plan))]),
  );
}

function fieldTensor<S extends Schema>(batch: Batch<S>, tf: TfLike, name: string, { fields }: RolePlan): TensorLike {
  const plan = fields.get(name);
  // Every batch of a loader has the loader's columns; their static type is the schema's, here any column will do.
  const column = (batch.columns as Readonly<Record<string, NumericArray | VariableColumn>>)[name];
  if (plan === undefined || column === undefined)
    throw new TypeError(`the loader's batch has no column ${JSON.stringify(name)}`);
  const validity = (batch.validity as Readonly<Record<string, Uint8Array | undefined>>)[name];
  const values = plan.values({ column, validity, size: batch.size, indices: batch.indices });
  return tf.tensor(values, [batch.size, ...plan.shape], plan.dtype);
}

function assertOptions(options: object, schema: SchemaSpec): void {
  for (const name of Object.keys(options)) {
    if (!OPTION_NAMES.has(name))
      throw new TypeError(`options.${name} is unknown; there are ${[...OPTION_NAMES].join(", ")}`);
  }
  const { cast, initialEpoch, resume } = options as { cast?: object; initialEpoch?: unknown; resume?: unknown };
  for (const name of Object.keys(cast ?? {})) {
    if (!Object.hasOwn(schema, name))
      throw new TypeError(`options.cast names ${JSON.stringify(name)}, which the loader does not give`);
  }
  if (initialEpoch === undefined) return;
  if (resume !== undefined)
    throw new TypeError("options.initialEpoch and options.resume both say where to begin; give one");
  if (!Number.isSafeInteger(initialEpoch) || Number(initialEpoch) < 0)
    throw new RangeError(`options.initialEpoch must be an integer >= 0, got ${String(initialEpoch)}`);
}
