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

/** The same for four halves, in the low 16 bits of each lane. */
export function halvesToFloats(bits: v128): v128 {
  const magnitude = i32x4.shl(v128.and(bits, i32x4.splat(0x7fff)), 13);
  // The exponents differ by 112 in their bias; multiplying makes subnormals normal as well.
  const scaled = f32x4.mul(magnitude, i32x4.splat(0x77800000));
  const isSpecial = i32x4.ge_s(magnitude, i32x4.splat(0x0f800000));
  const special = v128.or(magnitude, i32x4.splat(0x7f800000));
  const sign = i32x4.shl(v128.and(bits, i32x4.splat(0x8000)), 16);
  return v128.or(v128.bitselect(special, scaled, isSpecial), sign);
}

/** The same for four floats; the halves are the low 16 bits of each lane. */
export function floatsToHalves(values: v128): v128 {
  const magnitude = v128.and(values, i32x4.splat(0x7fffffff));
  const sign = v128.and(i32x4.shr_u(values, 16), i32x4.splat(0x8000));
  const odd = v128.and(i32x4.shr_u(magnitude, 13), i32x4.splat(1));
  const normal = i32x4.shr_u(i32x4.add(magnitude, i32x4.sub(odd, i32x4.splat(0x37fff001))), 13);
  const subnormal = i32x4.sub(f32x4.add(magnitude, f32x4.splat(0.5)), i32x4.splat(0x3f000000));
  // Magnitudes are positive, so a signed comparison does, which is the faster one.
  let half = v128.bitselect(subnormal, normal, i32x4.lt_s(magnitude, i32x4.splat(0x38800000)));
  half = v128.bitselect(i32x4.splat(0x7c00), half, i32x4.ge_s(magnitude, i32x4.splat(0x477ff000)));
  const isNan = i32x4.gt_s(magnitude, i32x4.splat(0x7f800000));
  return v128.bitselect(i32x4.splat(0x7e00), v128.or(half, sign), isNan);
}
