import { floatsToHalves, floatToHalf, halfToFloat, halvesToFloats } from "./half";

/** Stands for IEEE half precision as a type argument; no value of it exists. */
@unmanaged
class Half {}

/** `gatherCast`, with the number of the type in `NUMBER_TYPES` of ../wasm.ts. */
export function castFields(
  rows: usize,
  count: usize,
  offset: usize,
  elements: usize,
  type: u32,
  scale: usize,
  bias: usize,
  period: usize,
  to: usize,
  half: bool,
): void {
  switch (type) {
    case 0:
      if (half) castRows<u8, Half>(rows, count, offset, elements, scale, bias, period, to);
      else castBytes<u8>(rows, count, offset, elements, scale, bias, period, to);
      break;
    case 1:
      if (half) castRows<i8, Half>(rows, count, offset, elements, scale, bias, period, to);
      else castBytes<i8>(rows, count, offset, elements, scale, bias, period, to);
      break;
    case 2:
      castTo<u16>(rows, count, offset, elements, scale, bias, period, to, half);
      break;
    case 3:
      castTo<i16>(rows, count, offset, elements, scale, bias, period, to, half);
      break;
    case 4:
      castTo<u32>(rows, count, offset, elements, scale, bias, period, to, half);
      break;
    case 5:
      castTo<i32>(rows, count, offset, elements, scale, bias, period, to, half);
      break;
    case 6:
      castTo<u64>(rows, count, offset, elements, scale, bias, period, to, half);
      break;
    case 7:
      castTo<i64>(rows, count, offset, elements, scale, bias, period, to, half);
      break;
    case 8:
      castTo<Half>(rows, count, offset, elements, scale, bias, period, to, half);
      break;
    case 9:
      castTo<f32>(rows, count, offset, elements, scale, bias, period, to, half);
      break;
    default:
      castTo<f64>(rows, count, offset, elements, scale, bias, period, to, half);
  }
}

function castTo<T>(
  rows: usize,
  count: usize,
  offset: usize,
  elements: usize,
  scale: usize,
  bias: usize,
  period: usize,
  to: usize,
  half: bool,
): void {
  if (half) castRows<T, Half>(rows, count, offset, elements, scale, bias, period, to);
  else castRows<T, f32>(rows, count, offset, elements, scale, bias, period, to);
}

/** Four elements a step. */
function castRows<T, R>(
  rows: usize,
  count: usize,
  offset: usize,
  elements: usize,
  scale: usize,
  bias: usize,
  period: usize,
  to: usize,
): void {
  const size = sizeOf<T>();
  const resultSize = sizeOf<R>();
  const periodEnd = period << 2;
  for (; count > 0; count--, rows += 4) {
    let at = <usize>load<u32>(rows) + offset;
    const end = at + elements * size;
    let entry: usize = 0;
    for (; end - at >= 4 * size; at += 4 * size, to += 4 * resultSize) {
      const scaled = f32x4.mul(readFour<T>(at), v128.load(scale + entry));
      putFour<R>(to, f32x4.add(scaled, v128.load(bias + entry)));
      entry += 16;
      if (entry === periodEnd) entry = 0;
    }
    for (; at < end; at += size, to += resultSize, entry += 4) {
      put<R>(to, read<T>(at) * load<f32>(scale + entry) + load<f32>(bias + entry));
    }
  }
}

function sizeOf<T>(): usize {
  if (isReference<T>()) return 2;
  else return sizeof<T>();
}

function read<T>(at: usize): f32 {
  if (isReference<T>()) return halfToFloat(load<u16>(at));
  else return load<T>(at) as f32;
}

function readFour<T>(at: usize): v128 {
  if (isReference<T>()) return halvesToFloats(v128.load16x4_u(at));
  else if (isFloat<T>()) {
    if (sizeof<T>() === 4) return v128.load(at);
    const low = f32x4.demote_f64x2_zero(v128.load(at));
    return v128.shuffle<u64>(low, f32x4.demote_f64x2_zero(v128.load(at, 16)), 0, 2);
  } else if (sizeof<T>() === 8) {
    // There is no conversion of 64-bit lanes.
    const size = sizeof<T>();
    const low = f32x4.replace_lane(f32x4.splat(load<T>(at) as f32), 1, load<T>(at + size) as f32);
    const three = f32x4.replace_lane(low, 2, load<T>(at + 2 * size) as f32);
    return f32x4.replace_lane(three, 3, load<T>(at + 3 * size) as f32);
  } else if (sizeof<T>() === 4) {
    if (isSigned<T>()) return f32x4.convert_i32x4_s(v128.load(at));
    else return f32x4.convert_i32x4_u(v128.load(at));
  } else if (sizeof<T>() === 2) {
    if (isSigned<T>()) return f32x4.convert_i32x4_s(v128.load16x4_s(at));
    else return f32x4.convert_i32x4_s(v128.load16x4_u(at));
  } else {
    const bytes = v128.load32_zero(at);
    if (isSigned<T>()) return f32x4.convert_i32x4_s(v128.extend_low<i16>(v128.extend_low<i8>(bytes)));
    else return f32x4.convert_i32x4_s(v128.extend_low<u16>(v128.extend_low<u8>(bytes)));
  }
}

function put<R>(to: usize, value: f32): void {
  if (isReference<R>()) store<u16>(to, floatToHalf(value));
  else store<f32>(to, value);
}

function putFour<R>(to: usize, values: v128): void {
  if (isReference<R>()) {
    const halves = floatsToHalves(values);
    store<u64>(to, i64x2.extract_lane(i16x8.narrow_i32x4_u(halves, halves), 0));
  } else v128.store(to, values);
}

/** Bytes to f32, 16 a step. */
function castBytes<T>(
  rows: usize,
  count: usize,
  offset: usize,
  elements: usize,
  scale: usize,
  bias: usize,
  period: usize,
  to: usize,
): void {
  const periodEnd = period << 2;
  for (; count > 0; count--, rows += 4) {
    let at = <usize>load<u32>(rows) + offset;
    const end = at + elements;
    let entry: usize = 0;
    for (; end - at >= 16; at += 16, to += 64) {
      castSixteen<T>(at, scale + entry, bias + entry, to);
      entry += 64;
      if (entry === periodEnd) entry = 0;
    }
    for (; at < end; at++, to += 4, entry += 4) {
      store<f32>(to, (load<T>(at) as f32) * load<f32>(scale + entry) + load<f32>(bias + entry));
    }
  }
}

function castSixteen<T>(at: usize, scale: usize, bias: usize, to: usize): void {
  const bytes = v128.load(at);
  const low = v128.extend_low<T>(bytes);
  const high = v128.extend_high<T>(bytes);
  if (isSigned<T>()) {
    castFour(v128.extend_low<i16>(low), scale, bias, to, 0);
    castFour(v128.extend_high<i16>(low), scale, bias, to, 16);
    castFour(v128.extend_low<i16>(high), scale, bias, to, 32);
    castFour(v128.extend_high<i16>(high), scale, bias, to, 48);
  } else {
    castFour(v128.extend_low<u16>(low), scale, bias, to, 0);
    castFour(v128.extend_high<u16>(low), scale, bias, to, 16);
    castFour(v128.extend_low<u16>(high), scale, bias, to, 32);
    castFour(v128.extend_high<u16>(high), scale, bias, to, 48);
  }
}

/** Four i32 to f32; u8 and u16 fit i32. */
function castFour(values: v128, scale: usize, bias: usize, to: usize, at: usize): void {
  const scaled = f32x4.mul(f32x4.convert_i32x4_s(values), v128.load(scale + at));
  v128.store(to + at, f32x4.add(scaled, v128.load(bias + at)));
}

/** `gatherOneHot`, with the number of an integer type in `NUMBER_TYPES` of ../wasm.ts. */
export function gatherOneHot(
  rows: usize,
  count: usize,
  offset: usize,
  type: u32,
  classes: u32,
  to: usize,
  bytes: bool,
): i32 {
  const resultBytes: usize = bytes ? 1 : 4;
  const rowBytes = (classes as usize) * resultBytes;
  memory.fill(to, 0, rowBytes * count);
  for (let i: usize = 0; i < count; i++, to += rowBytes) {
    const value = integerAt(<usize>load<u32>(rows + (i << 2)) + offset, type);
    // A negative value is a huge one here.
    if (value >= (classes as u64)) return i as i32;
    if (bytes) store<u8>(to + (value as usize), 1);
    else store<f32>(to + ((value as usize) << 2), 1);
  }
  return -1;
}

function integerAt(at: usize, type: u32): u64 {
  switch (type) {
    case 0:
      return load<u8>(at) as u64;
    case 1:
      return load<i8>(at) as i64 as u64;
    case 2:
      return load<u16>(at) as u64;
    case 3:
      return load<i16>(at) as i64 as u64;
    case 4:
      return load<u32>(at) as u64;
    case 5:
      return load<i32>(at) as i64 as u64;
    default:
      return load<u64>(at);
  }
}
