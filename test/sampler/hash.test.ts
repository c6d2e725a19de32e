import fc from "fast-check";
import { expect, test } from "vitest";
import { deriveKey, fingerprint } from "../../src/sampler/hash.js";

const text = (...numbers: number[]) => deriveKey(...numbers).join(",");

test("a key depends on every argument, its order, sign and both halves", () => {
  const numbers = [0, 1, -1, 2, 2 ** 32, -(2 ** 32), 2 ** 32 + 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
  const keys = new Set<string>();
  for (const a of numbers) {
    keys.add(text(a));
    for (const b of numbers) keys.add(text(a, b));
  }
  expect(keys.size).toBe(numbers.length + numbers.length ** 2);
  expect(text(1, 1)).not.toBe(text(2, 0));
  expect(text()).not.toBe(text(0));
});

test("0 and -0 are the same seed", () => {
  expect(text(-0, 3)).toBe(text(0, 3));
});

test("keys of neighbouring numbers differ in about half of their bits", () => {
  let flipped = 0;
  for (let seed = 0; seed < 2000; seed++) {
    const [a, b] = [deriveKey(seed, 5), deriveKey(seed + 1, 5)];
    flipped += popcount(a[0] ^ b[0]) + popcount(a[1] ^ b[1]);
  }
  expect(flipped / 2000).toBeGreaterThan(31.5);
  expect(flipped / 2000).toBeLessThan(32.5);
});

test("200,000 keys are all different", () => {
  const keys = new Set<string>();
  for (let seed = 0; seed < 400; seed++) for (let epoch = 0; epoch < 500; epoch++) keys.add(text(seed, epoch));
  expect(keys.size).toBe(200_000);
});

test("numbers that are not safe integers are refused", () => {
  for (const wrong of [0.5, Number.NaN, 2 ** 53]) expect(() => deriveKey(wrong)).toThrow(RangeError);
});

test("keys never change between releases", () => {
  expect(deriveKey(7, 0)).toEqual(deriveKey(7, 0));
  expect(text(7, 0)).toMatchInlineSnapshot(`"3411801820,2058575155"`);
  expect(text(-1, 2 ** 40, 3)).toMatchInlineSnapshot(`"1910035676,2572064446"`);
});

test("a fingerprint tells lists apart by value, order and length", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true })), fc.array(fc.double({ noNaN: true })), (a, b) => {
      const isSame = a.length === b.length && a.every((value, index) => Object.is(value, b[index]));
      return (fingerprint(Float64Array.from(a)) === fingerprint(Float64Array.from(b))) === isSame;
    }),
    { seed: 11, numRuns: 500 },
  );
  expect(fingerprint(Float64Array.of(1, 2))).not.toBe(fingerprint(Float64Array.of(2, 1)));
  expect(fingerprint(Float64Array.of(1, 2).subarray(1))).toBe(fingerprint(Float64Array.of(2)));
  expect(fingerprint(new Float64Array(0))).toMatch(/^[0-9a-f]{16}$/);
});

function popcount(word: number): number {
  return (word >>> 0).toString(2).replaceAll("0", "").length;
}
