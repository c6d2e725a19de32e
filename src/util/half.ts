/** IEEE 754 binary16 (FORMAT.md section 9): 1 sign bit, 5 bits of exponent (bias 15), 10 bits of fraction. */

const EXPONENT_ONES = 31;
const INFINITY_BITS = 0x7c00;
const QUIET_NAN_BITS = 0x7e00;
/** Half way between the largest half, 65504, and the next step: from here on values round to infinity. */
const OVERFLOW = 65520;
const SMALLEST_NORMAL = 2 ** -14;
const SUBNORMALS_PER_UNIT = 2 ** 24;

/** Value of the last fraction bit, by biased exponent. */
const UNITS = Float64Array.from({ length: EXPONENT_ONES }, (_, exponent) => unitOf(exponent));

function unitOf(exponent: number): number {
  let unit = 1 / SUBNORMALS_PER_UNIT;
  for (let i = 1; i < exponent; i++) unit *= 2;
  return unit;
}

const double = new DataView(new ArrayBuffer(8));

/** The number of half bits; exact, as every half is a double. */
export function halfToNumber(bits: number): number {
  const exponent = (bits >>> 10) & EXPONENT_ONES;
  const fraction = bits & 0x3ff;
  const magnitude = exponent === EXPONENT_ONES ? special(fraction) : normalOrSubnormal(exponent, fraction);
  return bits & 0x8000 ? -magnitude : magnitude;
}

function special(fraction: number): number {
  return fraction === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
}

function normalOrSubnormal(exponent: number, fraction: number): number {
  return (exponent === 0 ? fraction : fraction + 1024) * (UNITS[exponent] ?? 0);
}

/**
 * The half nearest to `value`, ties to even, rounded once from the double. Too large becomes infinity, too small a zero of the same sign; every
 * NaN becomes the one quiet NaN `0x7e00`.
 */
export function numberToHalf(value: number): number {
  if (Number.isNaN(value)) return QUIET_NAN_BITS;
  double.setFloat64(0, value);
  const high = double.getUint32(0);
  const sign = (high >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (magnitude >= OVERFLOW) return sign | INFINITY_BITS;
  if (magnitude < SMALLEST_NORMAL) return sign | roundToEven(magnitude * SUBNORMALS_PER_UNIT);
  const exponent = ((high >>> 20) & 0x7ff) - 1023 + 15;
  // 1024 … 2048: the leading 1024 adds one to the exponent, and a round-up to 2048 carries into the next.
  return sign | (((exponent - 1) << 10) + roundToEven(magnitude / (UNITS[exponent] ?? 1)));
}

/** Adding 2^52 pushes out all fraction bits, so the addition itself rounds to nearest even. For values in `[0, 2^51)`. */
function roundToEven(value: number): number {
  return value + 2 ** 52 - 2 ** 52;
}
