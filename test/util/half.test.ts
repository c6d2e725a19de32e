import { describe, expect, it } from "vitest";
import { halfToNumber, numberToHalf } from "../../src/util/half.js";

const ALL = Array.from({ length: 65_536 }, (_, bits) => bits);
const isNaNBits = (bits: number) => (bits & 0x7fff) > 0x7c00;

/** The value by the definition of binary16, independent of the code under test. */
function definition(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits >> 15 === 0 ? 1 : -1;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? (sign * fraction) / 2 ** 24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

describe("float16", () => {
  it("reads all 65,536 values", () => {
    const wrong = ALL.filter((bits) => !Object.is(halfToNumber(bits), definition(bits)));
    expect(wrong).toEqual([]);
  });

  it("writes all of them back, every NaN as the one quiet NaN", () => {
    const wrong = ALL.filter((bits) => numberToHalf(halfToNumber(bits)) !== (isNaNBits(bits) ? 0x7e00 : bits));
    expect(wrong).toEqual([]);
  });

  it("rounds half way to even and anything else to the nearest, between all neighbours of both signs", () => {
    const wrong: number[] = [];
    for (let bits = 0; bits < 0x7bff; bits++) {
      const low = halfToNumber(bits);
      const high = halfToNumber(bits + 1);
      const middle = (low + high) / 2;
      const nudge = (high - low) * 2 ** -30;
      const even = bits % 2 === 0 ? bits : bits + 1;
      const rounded = [numberToHalf(middle - nudge), numberToHalf(middle), numberToHalf(middle + nudge)];
      const negative = [-middle + nudge, -middle, -middle - nudge].map(numberToHalf);
      const expected = [bits, even, bits + 1];
      if (String(rounded) !== String(expected)) wrong.push(bits);
      if (String(negative) !== String(expected.map((half) => half | 0x8000))) wrong.push(-bits);
    }
    expect(wrong).toEqual([]);
  });

  it.each([
    [65519.999, 0x7bff],
    [65520, 0x7c00],
    [-1e300, 0xfc00],
    [5e-324, 0],
    [-5e-324, 0x8000],
    [2 ** -25, 0],
    [2 ** -25 + 2 ** -60, 1],
    // Rounding through float32 first would give 0x3c00: it loses the last bit and then sees a tie.
    [1 + 2 ** -11 + 2 ** -40, 0x3c01],
  ])("rounds %d once, to bits %d", (value, bits) => {
    expect(numberToHalf(value)).toBe(bits);
  });
});
