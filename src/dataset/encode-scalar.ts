import type { ScalarType } from "../core/format/schema.js";
import { numberToHalf } from "../util/half.js";

/** Writes one element, little-endian, and says whether it fits; where it does not, nothing is written. */
export type PutScalar = (view: DataView, at: number, value: unknown) => boolean;

type ArrayConstructor = new (length: number) => ArrayBufferView & ArrayLike<number | bigint>;

/** How elements of one type are written. */
export interface ScalarEncoding {
  /** In words, for errors. */
  readonly expected: string;
  readonly put: PutScalar;
  /** Typed arrays whose bytes are the stored bytes: they are copied whole, without looking at an element. */
  readonly sameBytes: readonly ArrayConstructor[];
}

function integer(
  bits: 8 | 16 | 32,
  signed: boolean,
  write: (view: DataView, at: number, value: number) => void,
  sameBytes: readonly ArrayConstructor[],
): ScalarEncoding {
  const min = signed ? -(2 ** (bits - 1)) : 0;
  const max = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
  return {
    expected: `an integer in [${min}, ${max}]`,
    put(view, at, value) {
      if (typeof value !== "number" || !(value >= min && value <= max) || !Number.isInteger(value)) return false;
      write(view, at, value);
      return true;
    },
    sameBytes,
  };
}

function integer64(signed: boolean, sameBytes: readonly ArrayConstructor[]): ScalarEncoding {
  const min = signed ? -(2n ** 63n) : 0n;
  const max = signed ? 2n ** 63n - 1n : 2n ** 64n - 1n;
  return {
    expected: `a bigint or safe integer in [${min}, ${max}]`,
    put(view, at, value) {
      if (typeof value === "number") {
        if (!Number.isSafeInteger(value) || (value < 0 && !signed)) return false;
        view.setUint32(at, value >>> 0, true);
        view.setInt32(at + 4, Math.floor(value / 2 ** 32), true);
        return true;
      }
      if (typeof value !== "bigint" || value < min || value > max) return false;
      view.setBigUint64(at, BigInt.asUintN(64, value), true);
      return true;
    },
    sameBytes,
  };
}

/** Floats take any number; a NaN gets the one quiet pattern, so that equal input gives equal bytes. */
function float(
  write: (view: DataView, at: number, value: number) => void,
  writeNaN: (view: DataView, at: number) => void,
  sameBytes: readonly ArrayConstructor[],
): ScalarEncoding {
  return {
    expected: "a number",
    put(view, at, value) {
      if (typeof value !== "number") return false;
      if (Number.isNaN(value)) writeNaN(view, at);
      else write(view, at, value);
      return true;
    },
    sameBytes,
  };
}

const bool: ScalarEncoding = {
  expected: "true or false",
  put(view, at, value) {
    if (value === true || value === 1) view.setUint8(at, 1);
    else if (value === false || value === 0) view.setUint8(at, 0);
    else return false;
    return true;
  },
  // A Uint8Array may hold more than 0 and 1.
  sameBytes: [],
};

/** The encodings of all element types. */
export const SCALAR_ENCODINGS: Readonly<Record<ScalarType, ScalarEncoding>> = {
  bool,
  uint8: integer(8, false, (view, at, value) => view.setUint8(at, value), [Uint8Array, Uint8ClampedArray]),
  int8: integer(8, true, (view, at, value) => view.setInt8(at, value), [Int8Array]),
  uint16: integer(16, false, (view, at, value) => view.setUint16(at, value, true), [Uint16Array]),
  int16: integer(16, true, (view, at, value) => view.setInt16(at, value, true), [Int16Array]),
  uint32: integer(32, false, (view, at, value) => view.setUint32(at, value, true), [Uint32Array]),
  int32: integer(32, true, (view, at, value) => view.setInt32(at, value, true), [Int32Array]),
  uint64: integer64(false, [BigUint64Array]),
  int64: integer64(true, [BigInt64Array]),
  float16: float(
    (view, at, value) => view.setUint16(at, numberToHalf(value), true),
    (view, at) => view.setUint16(at, 0x7e00, true),
    [],
  ),
  float32: float(
    (view, at, value) => view.setFloat32(at, value, true),
    (view, at) => view.setUint32(at, 0x7fc00000, true),
    [Float32Array],
  ),
  float64: float(
    (view, at, value) => view.setFloat64(at, value, true),
    (view, at) => {
      view.setUint32(at, 0, true);
      view.setUint32(at + 4, 0x7ff80000, true);
    },
    [Float64Array],
  ),
};
