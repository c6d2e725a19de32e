import { isFixed } from "../core/format/schema.js";
import { columnArray } from "../dataset/elements.js";
import { setOwn } from "../dataset/own-property.js";
import type { Batch, Schema } from "../dataset/types.js";
import { createVariableColumn } from "../dataset/variable-column.js";
import type { BatchField, BatchLayout } from "./batch-layout.js";
import type { Step } from "./plan.js";

/** The bytes of one gathered batch. */
export interface BatchBytes {
  readonly buffer: ArrayBufferLike;
  /** Where the batch begins in the buffer. */
  readonly at: number;
  /** For each field with items, in order: where its values begin in the batch. */
  readonly starts: readonly number[];
  /** Whether the columns must be copies, which stay when the buffer is used again. */
  readonly copy: boolean;
  /** The batch is no longer used by whoever got it. */
  readonly onRelease: () => void;
}

/** The batch of a step over its bytes: columns are views of them, or copies. */
export function createBatch<S extends Schema>(
  epoch: number,
  step: Step,
  layout: BatchLayout,
  schema: Batch<S>["schema"],
  bytes: BatchBytes,
): Batch<S> {
  const size = step.indices.length;
  const columns = {};
  const validity = {};
  const starts = bytes.starts.values();
  for (const field of layout.fields) {
    const bitmap = field.validityAt === undefined ? undefined : take(bytes, field.validityAt, Math.ceil(size / 8));
    const column =
      field.kind === "fixed"
        ? fixedColumn(field, bytes, size)
        : itemsColumn(field, bytes, size, starts.next().value ?? 0, bitmap);
    setOwn(columns, field.name, column);
    if (bitmap !== undefined) setOwn(validity, field.name, bitmap);
  }
  let users = 1;
  const batch = {
    epoch,
    step: step.step,
    size,
    padded: step.padded,
    indices: step.indices,
    columns,
    validity,
    schema,
    retain() {
      if (users > 0) users++;
      return batch;
    },
    release() {
      if (users > 0 && --users === 0) bytes.onRelease();
    },
  };
  // The layout was made from the same schema the batch is typed by.
  return batch as unknown as Batch<S>;
}

function take({ buffer, at, copy }: BatchBytes, from: number, length: number): Uint8Array {
  const view = new Uint8Array(buffer, at + from, length);
  return copy ? view.slice() : view;
}

function fixedColumn({ spec, at, valueBytes }: BatchField, bytes: BatchBytes, size: number) {
  return columnArray(isFixed(spec) ? spec.type : "uint8", take(bytes, at, size * valueBytes));
}

function itemsColumn(
  { spec, at, valueBytes }: BatchField,
  bytes: BatchBytes,
  size: number,
  start: number,
  bitmap: Uint8Array | undefined,
) {
  if (isFixed(spec)) throw new RangeError("a field with items is not fixed");
  const offsetBytes = take(bytes, at, (size + 1) * 4);
  const offsets = new Int32Array(offsetBytes.buffer, offsetBytes.byteOffset, size + 1);
  const values = take(bytes, start, (offsets[size] ?? 0) * valueBytes);
  return createVariableColumn(spec, offsets, values, bitmap);
}
