import { numberToHalf } from "../../util/half.js";
import type { NumberType } from "../types.js";
import { NUMBER_READERS } from "./numbers.js";
import { u32, type Views } from "./views.js";

export function gatherCast(
  views: Views,
  rows: number,
  count: number,
  offset: number,
  elements: number,
  type: NumberType,
  scale: number,
  bias: number,
  period: number,
  to: number,
  result: "float32" | "float16",
): void {
  const { numbers } = views;
  const { bytes, read } = NUMBER_READERS[type];
  for (let row = 0; row < count; row++) {
    const at = u32(views, rows + row * 4) + offset;
    for (let i = 0; i < elements; i++) {
      const entry = (i % period) * 4;
      const factor = numbers.getFloat32(scale + entry, true);
      const scaled = Math.fround(Math.fround(read(numbers, at + i * bytes)) * factor);
      const value = Math.fround(scaled + numbers.getFloat32(bias + entry, true));
      if (result === "float16") numbers.setUint16(to + (row * elements + i) * 2, numberToHalf(value), true);
      else numbers.setFloat32(to + (row * elements + i) * 4, value, true);
    }
  }
}

export function gatherOneHot(
  views: Views,
  rows: number,
  count: number,
  offset: number,
  type: NumberType,
  classes: number,
  to: number,
  result: "float32" | "uint8",
): number {
  const { bytes, numbers } = views;
  const { read } = NUMBER_READERS[type];
  const resultBytes = result === "uint8" ? 1 : 4;
  bytes.fill(0, to, to + count * classes * resultBytes);
  for (let row = 0; row < count; row++) {
    const value = read(numbers, u32(views, rows + row * 4) + offset);
    if (value < 0 || value >= classes) return row;
    const at = to + (row * classes + value) * resultBytes;
    if (result === "uint8") bytes[at] = 1;
    else numbers.setFloat32(at, 1, true);
  }
  return -1;
}
