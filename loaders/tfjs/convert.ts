/** A column of numbers that fit a double. */
export type NumberColumn =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

export type BigIntColumn = BigInt64Array | BigUint64Array;

/** Numbers as float32, computed as `value * scale + offset` in double precision and rounded once. */
export function toFloat32(column: NumberColumn, scale: number, offset: number): Float32Array {
  const result = new Float32Array(column.length);
  for (let i = 0; i < result.length; i++) result[i] = (column[i] ?? 0) * scale + offset;
  return result;
}

/** 64-bit integers as doubles: exact up to 2^53, rounded beyond. */
export function toNumbers(column: BigIntColumn): Float64Array {
  return Float64Array.from(column, Number);
}

/**
 * IEEE 754 half precision bits as float32; every half is exact in float32. Exponents are rebiased from 15 to 127; subnormal halves
 * (exponent 0) are `mantissa × 2^-24` and become normal floats.
 *
 * `src/util/half.ts` decodes halves too, one at a time and to doubles, for records. This one is for whole columns, and a loader loads no room of hexz:
 * sharing would pull the engine, Node's modules included, in with it. Both are tested on all 65,536 patterns.
 */
export function halfToFloat32(bits: Uint16Array): Float32Array {
  const result = new Float32Array(bits.length);
  const words = new Uint32Array(result.buffer);
  for (let i = 0; i < bits.length; i++) {
    const half = bits[i] ?? 0;
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 0x1f;
    const mantissa = half & 0x3ff;
    if (exponent === 0) result[i] = (sign === 0 ? 1 : -1) * mantissa * 2 ** -24;
    else words[i] = sign | ((exponent === 31 ? 255 : exponent + 112) << 23) | (mantissa << 13);
  }
  return result;
}

/** First index whose value is outside int32, or -1. */
export function firstOutsideInt32(column: NumberColumn): number {
  return column.findIndex((value) => value < -0x8000_0000 || value > 0x7fff_ffff);
}

/** First index whose value float32 cannot hold exactly, or -1. */
export function firstRounded(column: NumberColumn): number {
  return column.findIndex((value) => Math.fround(value) !== value);
}
