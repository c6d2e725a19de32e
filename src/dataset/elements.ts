import type { ScalarType } from "../core/format/schema.js";
import { SCALAR_BYTES } from "../core/format/schema.js";
import { halfToNumber } from "../util/half.js";
import type { NumericArray } from "./types.js";

type ArrayMaker = (buffer: ArrayBufferLike, byteOffset: number, length: number) => NumericArray;

const bytesOf: ArrayMaker = (buffer, offset, length) => new Uint8Array(buffer, offset, length);
const shortsOf: ArrayMaker = (buffer, offset, length) => new Uint16Array(buffer, offset, length);

/** The typed array of each element type in columns: `bool` is 0 or 1, `float16` its bits. */
const ARRAYS: Readonly<Record<ScalarType, ArrayMaker>> = {
  bool: bytesOf,
  uint8: bytesOf,
  int8: (buffer, offset, length) => new Int8Array(buffer, offset, length),
  uint16: shortsOf,
  int16: (buffer, offset, length) => new Int16Array(buffer, offset, length),
  float16: shortsOf,
  uint32: (buffer, offset, length) => new Uint32Array(buffer, offset, length),
  int32: (buffer, offset, length) => new Int32Array(buffer, offset, length),
  float32: (buffer, offset, length) => new Float32Array(buffer, offset, length),
  uint64: (buffer, offset, length) => new BigUint64Array(buffer, offset, length),
  int64: (buffer, offset, length) => new BigInt64Array(buffer, offset, length),
  float64: (buffer, offset, length) => new Float64Array(buffer, offset, length),
};

/** All of `bytes` (aligned to the element) as a column of `type`; a view. */
export function columnArray(type: ScalarType, bytes: Uint8Array): NumericArray {
  return ARRAYS[type](bytes.buffer, bytes.byteOffset, bytes.byteLength / SCALAR_BYTES[type]);
}

/** All of `bytes` (aligned to the element) as the value of a record: like a column, but `float16` is widened to a fresh `Float32Array`. */
export function valueArray(type: ScalarType, bytes: Uint8Array): NumericArray {
  const array = columnArray(type, bytes);
  return type === "float16" ? Float32Array.from(array as Uint16Array, halfToNumber) : array;
}

/** A copy of `bytes[start, end)` in a buffer of its own, so that keeping it never keeps a block. */
export function copyBytes(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const copy = new Uint8Array(end - start);
  copy.set(bytes.subarray(start, end));
  return copy;
}
