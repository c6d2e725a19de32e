import type { ColumnLayout, RowLayout } from "../core/format/row-layout.js";
import type { FixedField, ScalarType } from "../core/format/schema.js";
import { elementCount } from "../core/format/schema.js";
import { halfToNumber } from "../util/half.js";

type Read = (view: DataView, at: number) => number;

/** One element as a number; 64-bit integers are rounded to the nearest double. */
const READ: Readonly<Record<ScalarType, Read>> = {
  bool: (view, at) => view.getUint8(at),
  uint8: (view, at) => view.getUint8(at),
  int8: (view, at) => view.getInt8(at),
  uint16: (view, at) => view.getUint16(at, true),
  int16: (view, at) => view.getInt16(at, true),
  uint32: (view, at) => view.getUint32(at, true),
  int32: (view, at) => view.getInt32(at, true),
  uint64: (view, at) => view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true),
  int64: (view, at) => view.getInt32(at + 4, true) * 2 ** 32 + view.getUint32(at, true),
  float16: (view, at) => halfToNumber(view.getUint16(at, true)),
  float32: (view, at) => view.getFloat32(at, true),
  float64: (view, at) => view.getFloat64(at, true),
};

/** All elements of a fixed field in the rows given, one after another, as numbers. */
export function fixedValues(
  raw: Uint8Array,
  rows: Uint32Array,
  field: FixedField,
  column: ColumnLayout,
  layout: RowLayout,
): Float64Array {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  const read = READ[field.type];
  const elements = elementCount(field);
  const values = new Float64Array(rows.length * elements);
  let to = 0;
  for (const row of rows) {
    let at = row * layout.strideBytes + column.offset;
    for (let i = 0; i < elements; i++, at += column.itemBytes) values[to++] = read(view, at);
  }
  return values;
}
