import { halfToNumber } from "../../util/half.js";
import type { NumberType } from "../types.js";

/** How a type is read. Integers of 64 bits come as the doubles that round to the same f32. */
export interface NumberReader {
  readonly bytes: number;
  read(numbers: DataView, at: number): number;
}

export const NUMBER_READERS: Readonly<Record<NumberType, NumberReader>> = {
  uint8: { bytes: 1, read: (numbers, at) => numbers.getUint8(at) },
  int8: { bytes: 1, read: (numbers, at) => numbers.getInt8(at) },
  uint16: { bytes: 2, read: (numbers, at) => numbers.getUint16(at, true) },
  int16: { bytes: 2, read: (numbers, at) => numbers.getInt16(at, true) },
  uint32: { bytes: 4, read: (numbers, at) => numbers.getUint32(at, true) },
  int32: { bytes: 4, read: (numbers, at) => numbers.getInt32(at, true) },
  uint64: { bytes: 8, read: (numbers, at) => toOdd(numbers.getBigUint64(at, true)) },
  int64: { bytes: 8, read: (numbers, at) => toOdd(numbers.getBigInt64(at, true)) },
  float16: { bytes: 2, read: (numbers, at) => halfToNumber(numbers.getUint16(at, true)) },
  float32: { bytes: 4, read: (numbers, at) => numbers.getFloat32(at, true) },
  float64: { bytes: 8, read: (numbers, at) => numbers.getFloat64(at, true) },
};

/** Bits of 64 that a double cannot hold. */
const EXCESS_BITS = 11n;

/** A double that rounds to the same f32 as the integer: above 2^53 rounded to odd, so that rounding twice is as rounding once. */
function toOdd(value: bigint): number {
  if (BigInt.asIntN(54, value) === value) return Number(value);
  const kept = value >> EXCESS_BITS;
  const isExact = kept << EXCESS_BITS === value;
  return Number(isExact ? kept : kept | 1n) * 2 ** Number(EXCESS_BITS);
}
