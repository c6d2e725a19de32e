import fc from "fast-check";
import type { EpochOrder, UnitCounts } from "../../src/sampler/index.js";

/** Every record of an order, in order. */
export function readAll(order: EpochOrder): number[] {
  return read(order, 0, 1, order.length);
}

/** `count` records from `start` in steps of `stride`. */
export function read(order: EpochOrder, start: number, stride: number, count: number): number[] {
  const target = new Float64Array(count);
  order.fill(start, stride, target);
  return Array.from(target);
}

export function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

export function sorted(values: readonly number[]): number[] {
  return Array.from(Float64Array.from(values).sort());
}

/** Pearson's statistic of `observed` counts against equal expected ones. */
export function chiSquared(observed: readonly number[]): number {
  const expected = observed.reduce((sum, count) => sum + count, 0) / observed.length;
  return observed.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** A bound that chi squared with `freedom` degrees passes about once in 30,000 tries (normal approximation, 4 standard deviations). */
export function chiSquaredBound(freedom: number): number {
  return freedom + 4 * Math.sqrt(2 * freedom);
}

/** Units of the given sizes. */
export function countsOf(sizes: readonly number[]): UnitCounts {
  return { units: sizes.length, total: sizes.reduce((sum, size) => sum + size, 0), counts: Uint32Array.from(sizes) };
}

/** Full units of `perUnit`, and a last one with what remains. */
export function evenCounts(total: number, perUnit: number): UnitCounts {
  return { units: Math.ceil(total / perUnit), total, perUnit };
}

/** Sizes of units, some of them empty, at least one record in all. */
export const sizesArbitrary = fc
  .array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 60 })
  .filter((sizes) => sizes.some((size) => size > 0));
