import { elementCount, type FieldSpec, isFixed, type SchemaSpec } from "../../src/core/format/schema.js";
import type { Batch, NumericArray, Schema, VariableColumn } from "../../src/dataset/types.js";
import type { DataLoader, Epoch, LoaderState } from "../../src/loader/types.js";

export type Column = NumericArray | VariableColumn;

/** Everything a test asks about what was opened and released. */
export interface Counters {
  /** Epoch numbers, in the order in which their first batch was asked for. */
  readonly opened: number[];
  closed: number;
  returned: number;
}

export interface FakeOptions<S extends Schema> {
  readonly schema: S;
  readonly columns: Record<keyof S & string, Column>;
  /** Field → the rows that have no value. */
  readonly nulls?: Partial<Record<keyof S & string, readonly number[]>>;
  readonly records: number;
  readonly batchSize: number;
}

export interface FakeLoader<S extends Schema> extends DataLoader<S> {
  readonly counters: Counters;
  /** Batches given so far, as handed over. */
  readonly batches: Batch<S>[];
  /** Steps of the batches that were released, in that order. */
  readonly released: number[];
}

/** Record number at a position: every epoch starts one record later and wraps, so epochs differ and stay easy to predict. */
export function recordAt(position: number, epoch: number, records: number): number {
  return (position + epoch) % records;
}

/** A loader over arrays in memory: deterministic, synchronous inside, with counters. */
export function fakeLoader<S extends Schema>(options: FakeOptions<S>): FakeLoader<S> {
  const counters: Counters = { opened: [], closed: 0, returned: 0 };
  const batches: Batch<S>[] = [];
  const released: number[] = [];
  const stepsPerEpoch = Math.ceil(options.records / options.batchSize);
  let counted = 0;
  const open = (epoch: number, step: number) => fakeEpoch(options, counters, { batches, released }, epoch, step);
  const loader: FakeLoader<S> = {
    batchSize: options.batchSize,
    stepsPerEpoch,
    fields: Object.keys(options.schema),
    schema: specsOf(options.schema),
    contract: undefined,
    // Casts nothing: its schema says so, and the reader of the loader has to.
    cast: () => loader as never,
    map: () => {
      throw new Error("nobody maps a fake");
    },
    stats: () => {
      throw new Error("nobody asks a fake for statistics");
    },
    counters,
    batches,
    released,
    epoch: (epoch) => open(epoch, 0),
    resume: (state) => open(state.epoch, Math.ceil(state.position / options.batchSize)),
    [Symbol.asyncIterator]: () => open(counted++, 0),
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
  return loader;
}

export function specsOf(schema: Schema): SchemaSpec {
  return Object.fromEntries(Object.entries(schema).map(([name, field]) => [name, field.spec]));
}

function fakeEpoch<S extends Schema>(
  options: FakeOptions<S>,
  counters: Counters,
  { batches, released }: Pick<FakeLoader<S>, "batches" | "released">,
  epoch: number,
  firstStep: number,
): Epoch<S> {
  const steps = Math.ceil(options.records / options.batchSize);
  let step = firstStep;
  let status: "idle" | "open" | "closed" = "idle";
  const close = () => {
    if (status === "open") counters.closed++;
    status = "closed";
  };
  const iteration: Epoch<S> = {
    epoch,
    steps,
    state: (): LoaderState => {
      const position = Math.min(step * options.batchSize, options.records);
      return { version: 1, snapshotId: "fake", epoch, position, order: {} };
    },
    next: async () => {
      if (status === "idle") {
        status = "open";
        counters.opened.push(epoch);
      }
      if (step >= steps) close();
      if (status === "closed") return { done: true, value: undefined };
      const batch = makeBatch(options, epoch, step++, (done) => released.push(done));
      batches.push(batch);
      return { done: false, value: batch };
    },
    return: async () => {
      counters.returned++;
      close();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => iteration,
    [Symbol.asyncDispose]: async () => close(),
  };
  return iteration;
}

/** The batch of one step; also usable alone. */
export function makeBatch<S extends Schema>(
  options: FakeOptions<S>,
  epoch: number,
  step: number,
  onRelease: (step: number) => void = () => {},
): Batch<S> {
  const start = step * options.batchSize;
  const size = Math.max(0, Math.min(options.batchSize, options.records - start));
  const rows = Array.from({ length: size }, (_, i) => recordAt(start + i, epoch, options.records));
  const specs = specsOf(options.schema);
  const columns: Record<string, Column> = {};
  const validity: Record<string, Uint8Array> = {};
  for (const [name, spec] of Object.entries(specs)) {
    const column = (options.columns as Record<string, Column>)[name];
    if (column === undefined) throw new Error(`test has no column ${name}`);
    columns[name] = gather(spec, column, rows);
    const nulls = (options.nulls as Record<string, readonly number[] | undefined> | undefined)?.[name] ?? [];
    if (spec.nullable) validity[name] = bitmap(rows.map((row) => !nulls.includes(row)));
  }
  // Built by name from the same schema, which the compiler cannot follow.
  return {
    epoch,
    step,
    size,
    padded: 0,
    indices: Float64Array.from(rows),
    columns,
    validity,
    schema: specs,
    retain: () => {
      throw new Error("no loader retains a batch");
    },
    release: () => onRelease(step),
  } as unknown as Batch<S>;
}

function gather(spec: FieldSpec, column: Column, rows: readonly number[]): Column {
  if (!("offsets" in column)) {
    const stride = isFixed(spec) ? elementCount(spec) : 1;
    return concat(
      column,
      rows.map((row) => [row * stride, (row + 1) * stride]),
    );
  }
  const ranges = rows.map((row) => [column.offsets[row] ?? 0, column.offsets[row + 1] ?? 0] as const);
  const offsets = new Int32Array(rows.length + 1);
  ranges.forEach(([from, to], i) => {
    offsets[i + 1] = (offsets[i] ?? 0) + to - from;
  });
  return variable(offsets, concat(column.data, ranges));
}

function concat<A extends NumericArray>(source: A, ranges: readonly (readonly number[])[]): A {
  const length = ranges.reduce((sum, [from = 0, to = 0]) => sum + to - from, 0);
  // The constructor of a typed array makes its own kind; the compiler sees only `Function`.
  const result = new (source.constructor as new (length: number) => A)(length);
  let at = 0;
  for (const [from = 0, to = 0] of ranges) {
    result.set(source.subarray(from, to) as never, at); // same kind on both sides
    at += to - from;
  }
  return result;
}

export function variable<D extends NumericArray>(offsets: Int32Array, data: D): VariableColumn<D, D> {
  const at = (i: number) => data.subarray(offsets[i], offsets[i + 1]) as D; // a subarray is of its array's kind
  return { offsets, data, length: offsets.length - 1, at };
}

/** A variable column of texts or byte strings. */
export function textColumn(values: readonly (string | Uint8Array)[]): VariableColumn<Uint8Array, Uint8Array> {
  const parts = values.map((value) => (typeof value === "string" ? new TextEncoder().encode(value) : value));
  return listColumn(parts, new Uint8Array());
}

/** A variable column of lists; `empty` tells the kind of array. */
export function listColumn<D extends NumericArray>(parts: readonly D[], empty: D): VariableColumn<D, D> {
  const offsets = new Int32Array(parts.length + 1);
  parts.forEach((part, i) => {
    offsets[i + 1] = (offsets[i] ?? 0) + part.length;
  });
  const data = new (empty.constructor as new (length: number) => D)(offsets[parts.length] ?? 0); // as in concat
  parts.forEach((part, i) => {
    data.set(part as never, offsets[i]); // same kind on both sides
  });
  return variable(offsets, data);
}

function bitmap(valid: readonly boolean[]): Uint8Array {
  const bits = new Uint8Array(Math.ceil(valid.length / 8));
  valid.forEach((isValid, i) => {
    if (isValid) bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7));
  });
  return bits;
}
