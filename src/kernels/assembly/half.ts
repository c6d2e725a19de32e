/** The f32 of IEEE half bits; exact. */
export function halfToFloat(bits: u32): f32 {
  const sign = (bits & 0x8000) << 16;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 0) {
    // Subnormals are multiples of 2^-24.
    const magnitude = (fraction as f32) * <f32>5.9604644775390625e-8;
    return reinterpret<f32>(reinterpret<u32>(magnitude) | sign);
  }
  if (exponent === 31) return reinterpret<f32>(sign | 0x7f800000 | (fraction << 13));
  return reinterpret<f32>(sign | ((exponent + 112) << 23) | (fraction << 13));
}

/** The half nearest to an f32, ties to even; every NaN becomes 0x7e00. */
export function floatToHalf(value: f32): u32 {
  const bits = reinterpret<u32>(value);
  const sign = (bits >> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return 0x7e00;
  // From half way between 65504 and the next step on, infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Below 2^-14. The last bit of a float at 0.5 is 2^-24, that of subnormal halves, so the addition rounds to it.
    return sign | (reinterpret<u32>(reinterpret<f32>(magnitude) + <f32>0.5) - 0x3f000000);
  }
  // Adds just under half of the last bit kept, and one more where that bit is odd; a carry goes into the exponent.
  return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >> 13) & 1)) >> 13);
}
