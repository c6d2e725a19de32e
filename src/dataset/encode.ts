import { align, type ColumnLayout, type RowLayout, rowsBytes } from "../core/format/row-layout.js";
import type { SchemaSpec } from "../core/format/schema.js";
import { HexzError } from "../errors.js";
import { compilePut, describe, Misfit, type PutField } from "./encode-field.js";
import { GrowableBytes } from "./growable.js";

/** Bytes of a row buffer and of a heap at first. */
const FIRST_CAPACITY = 64 * 1024;
const HEAP_ALIGNMENT = 16;

/** One block of rows and heaps (FORMAT.md 6.2), as `encodeBlock` takes it. */
export interface RawBlock {
  /** A buffer of its own; the receiver's. */
  readonly raw: Uint8Array;
  /** Records; 0 for kind `bytes`. */
  readonly count: number;
}

/** Turns records into the rows of one block after the other. */
export interface RowWriter {
  /** Records waiting for `take`. */
  readonly count: number;
  /** Raw bytes of the block that `take()` would give now. */
  readonly rawBytes: number;
  /** Records added since the writer was made. */
  readonly records: number;
  /**
   * Checks and appends one record and gives its raw size: its row and its variable values. A record that does not fit changes nothing.
   *
   * @throws HexzError `E_RECORD` with `{ record, field, expected, received }`; `E_LIMIT` for a value no block can hold.
   */
  add(record: unknown): number;
  /** The bytes of the last record that a content-defined cut hashes (FORMAT.md 6.4). Valid until the next call of any method. */
  lastRecord(): Uint8Array;
  /** Gives the block of the first `records` waiting records (all, unless said otherwise) and keeps the rest. */
  take(records?: number): RawBlock;
}

interface WriterField {
  readonly column: ColumnLayout;
  readonly put: PutField;
  /** The values of a variable field, record after record; undefined for a fixed one. */
  readonly heap: GrowableBytes | undefined;
}

/**
 * A writer of rows of `schema`, laid out as `layout` (which is `createRowLayout(schema)`). Synchronous and pure of I/O.
 *
 * @example
 * ```ts
 * const writer = createRowWriter(spec, createRowLayout(spec));
 * writer.add({ image: new Uint8Array(784), label: 3 });
 * const { raw, count } = writer.take();
 * ```
 */
export function createRowWriter(schema: SchemaSpec, layout: RowLayout): RowWriter {
  return new BlockRows(schema, layout);
}

class BlockRows implements RowWriter {
  readonly #layout: RowLayout;
  readonly #fields: readonly WriterField[];
  readonly #heaps: readonly GrowableBytes[];
  readonly #rows: GrowableBytes;
  #scratch = new Uint8Array(0);
  #lastBytes = 0;
  records = 0;

  constructor(schema: SchemaSpec, layout: RowLayout) {
    this.#layout = layout;
    const rows = new GrowableBytes(Math.max(FIRST_CAPACITY, layout.strideBytes));
    this.#rows = rows;
    this.#fields = layout.columns.map((column) => {
      const spec = schema[column.name];
      if (spec === undefined)
        throw new HexzError("E_SCHEMA", `the layout has a field ${column.name}, the schema has not`);
      const heap = column.kind === "variable" ? new GrowableBytes(FIRST_CAPACITY) : undefined;
      return { column, heap, put: compilePut(spec, column, rows, heap) };
    });
    this.#heaps = this.#fields.flatMap(({ heap }) => heap ?? []);
  }

  get count(): number {
    return this.#rows.length / this.#layout.strideBytes;
  }

  get rawBytes(): number {
    let bytes = rowsBytes(this.#layout, this.count);
    for (const heap of this.#heaps) bytes += align(heap.length, HEAP_ALIGNMENT);
    return bytes;
  }

  add(record: unknown): number {
    const before = this.#heaps.map((heap) => heap.length);
    const row = this.#rows.reserve(this.#layout.strideBytes);
    try {
      const heapBytes = this.#put(asRecord(record), row);
      this.#lastBytes = this.#layout.strideBytes + heapBytes;
    } catch (cause) {
      this.#rows.length = row;
      for (const [i, heap] of this.#heaps.entries()) heap.length = before[i] ?? 0;
      throw cause instanceof FieldMisfit ? misfitError(cause, this.records) : cause;
    }
    this.records++;
    return this.#lastBytes;
  }

  #put(record: object, row: number): number {
    const { strideBytes, maskOffset, isPlain } = this.#layout;
    if (!isPlain) this.#rows.bytes.fill(0, row, row + strideBytes);
    let heapBytes = 0;
    for (const { column, put } of this.#fields) {
      const value = ownValue(record, column.name);
      if (column.nullBit >= 0) {
        if (value === null) continue;
        const at = row + maskOffset + (column.nullBit >> 3);
        this.#rows.bytes[at] = (this.#rows.bytes[at] ?? 0) | (1 << (column.nullBit & 7));
      }
      heapBytes += putNamed(put, value, row, column.name);
    }
    assertNoOthers(record, this.#layout.columns);
    return heapBytes;
  }

  lastRecord(): Uint8Array {
    const row = this.#rows.bytes.subarray(this.#rows.length - this.#layout.strideBytes, this.#rows.length);
    if (this.#heaps.length === 0) return row;
    if (this.#scratch.length < this.#lastBytes) this.#scratch = new Uint8Array(2 * this.#lastBytes);
    this.#scratch.set(row);
    let end = row.length;
    const view = new DataView(row.buffer, row.byteOffset, row.length);
    for (const { column, heap } of this.#fields) {
      if (heap === undefined) continue;
      const bytes = view.getUint32(column.offset + 4, true);
      this.#scratch.set(heap.bytes.subarray(heap.length - bytes, heap.length), end);
      end += bytes;
    }
    return this.#scratch.subarray(0, end);
  }

  take(records = this.count): RawBlock {
    const ends = this.#fields.map((field) => heapEnd(field, this.#rows, this.#layout, records));
    const sizes = ends.map((end) => align(end, HEAP_ALIGNMENT));
    const rowBytes = records * this.#layout.strideBytes;
    let heapStart = rowsBytes(this.#layout, records);
    const raw = new Uint8Array(heapStart + sizes.reduce((sum, size) => sum + size, 0));
    raw.set(this.#rows.bytes.subarray(0, rowBytes));
    for (const [i, { column, heap }] of this.#fields.entries()) {
      if (heap === undefined) continue;
      const end = ends[i] ?? 0;
      raw.set(heap.bytes.subarray(0, end), heapStart);
      writeOffsets(raw, records, column, this.#layout.strideBytes, heapStart);
      heapStart += sizes[i] ?? 0;
      heap.dropFirst(end);
    }
    this.#rows.dropFirst(rowBytes);
    return { raw, count: records };
  }
}

/** Bytes of a field's heap that belong to the first `records` rows. */
function heapEnd({ column, heap }: WriterField, rows: GrowableBytes, layout: RowLayout, records: number): number {
  if (heap === undefined) return 0;
  if (records * layout.strideBytes === rows.length) return heap.length;
  let end = 0;
  for (let row = 0; row < records; row++)
    end += rows.view.getUint32(row * layout.strideBytes + column.offset + 4, true);
  return end;
}

function writeOffsets(raw: Uint8Array, records: number, column: ColumnLayout, stride: number, heapStart: number): void {
  const view = new DataView(raw.buffer);
  let offset = heapStart;
  for (let row = 0; row < records; row++) {
    const slot = row * stride + column.offset;
    view.setUint32(slot, offset, true);
    offset += view.getUint32(slot + 4, true);
  }
}

/** A {@link Misfit} that knows its field; an empty name is the record as a whole. */
class FieldMisfit {
  readonly field: string;
  readonly misfit: Misfit;

  constructor(field: string, misfit: Misfit) {
    this.field = field;
    this.misfit = misfit;
  }
}

function asRecord(record: unknown): object {
  if (typeof record !== "object" || record === null) {
    throw new FieldMisfit("", new Misfit("an object with a value for each field", describe(record)));
  }
  return record;
}

/** The record's own value of `name`; what it inherits is no data. */
function ownValue(record: object, name: string): unknown {
  // `hasOwn` has narrowed it, which its type does not say.
  const value = Object.hasOwn(record, name) ? (record as Record<string, unknown>)[name] : undefined;
  if (value === undefined) throw new FieldMisfit(name, new Misfit("a value", "nothing"));
  return value;
}

function putNamed(put: PutField, value: unknown, row: number, name: string): number {
  try {
    return put(value, row);
  } catch (cause) {
    if (cause instanceof Misfit) throw new FieldMisfit(name, cause);
    throw cause;
  }
}

/** All fields are there, so a record with as many keys as fields has no others. */
function assertNoOthers(record: object, columns: readonly ColumnLayout[]): void {
  let keys = 0;
  for (const _ in record) keys++;
  if (keys === columns.length) return;
  const names = new Set(columns.map(({ name }) => name));
  const other = Object.keys(record).find((key) => !names.has(key));
  if (other !== undefined)
    throw new FieldMisfit(other, new Misfit("no such field (the schema has none of that name)", "a value"));
}

function misfitError({ field, misfit: { expected, received, code } }: FieldMisfit, record: number): HexzError {
  const where = field === "" ? `record ${record}` : `record ${record}, field ${JSON.stringify(field)}`;
  return new HexzError(code, `${where}: expected ${expected}, got ${received}`, {
    context: { record, ...(field === "" ? {} : { field }), expected, received },
  });
}
