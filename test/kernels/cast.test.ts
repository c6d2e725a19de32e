import fc from "fast-check";
import { expect, test } from "vitest";
import type { NumberType } from "../../src/kernels/index.js";
import { halfToNumber, numberToHalf } from "../../src/util/half.js";
import { expectSame, highBench, lowBench, noise, seeds, WINDOW_BYTES } from "./support.js";

const low = lowBench();
const high = highBench();

const TYPES: Readonly<Record<NumberType, number>> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  uint64: 8,
  int64: 8,
  float16: 2,
  float32: 4,
  float64: 8,
};
const types = fc.constantFrom(...(Object.keys(TYPES) as NumberType[]));

/** Parts of the window: row addresses, the two tables, rows, the output. */
const [SCALE, BIAS, ROWS, TO] = [1024, 2048, 4096, 32768];

/** A window with rows at `places` and tables of `period` entries. */
function prepare(base: number, seed: number, places: readonly number[], scale: Float32Array, bias: Float32Array) {
  const before = noise(seed).slice();
  before.set(new Uint8Array(Uint32Array.from(places, (place) => base + place).buffer));
  before.set(new Uint8Array(scale.buffer, 0, scale.byteLength), SCALE);
  before.set(new Uint8Array(bias.buffer, 0, bias.byteLength), BIAS);
  return before;
}

const places = fc.array(
  fc.integer({ min: ROWS / 8, max: 2000 }).map((place) => place * 8),
  { minLength: 1, maxLength: 12 },
);
const tables = fc
  .record({ seed: seeds, period: fc.integer({ min: 1, max: 12 }).map((sixteens) => sixteens * 16) })
  .map(({ seed, period }) => {
    const values = Float32Array.from(new Int16Array(noise(seed, period * 4).slice().buffer), (value) => value / 1000);
    return { period, scale: values.slice(0, period), bias: values.slice(period) };
  });
const cases = fc.record({
  seed: seeds,
  type: types,
  places,
  tables,
  elements: fc.oneof(fc.nat(20), fc.nat(250)),
  offset: fc.nat(20),
  result: fc.constantFrom("float32" as const, "float16" as const),
  shift: fc.nat(3),
});

test("gatherCast of any type is value · scale + bias in f32", () => {
  const property = fc.property(
    cases,
    ({ seed, type, places: rows, tables: { period, scale, bias }, elements, offset, result, shift }) => {
      const resultBytes = result === "float16" ? 2 : 4;
      const to = TO + shift * resultBytes;
      for (const bench of [low, high]) {
        const before = prepare(bench.base, seed, rows, scale, bias);
        const length = rows.length * elements * resultBytes;
        const args = [
          bench.base,
          rows.length,
          offset,
          elements,
          type,
          bench.base + SCALE,
          bench.base + BIAS,
          period,
        ] as const;
        const run = (kernels: typeof bench.wasm) => kernels.gatherCast(...args, bench.base + to, result);
        // NaNs may differ in sign and payload between the two, so they are made one before the bytes are compared.
        const [wasm, plain] = [bench.wasm, bench.plain].map((kernels) => {
          const { bytes } = expectSame(bench, before, [to, to + length], () => run(kernels));
          return valuesOf(bytes, to, rows.length * elements, result);
        });
        expect(wasm).toEqual(plain);
        expect(wasm).toEqual(
          rows.flatMap((row) => expected(before, row + offset, elements, type, scale, bias, result)),
        );
      }
    },
  );
  fc.assert(property, { seed: 51, numRuns: 200 });
});

function valuesOf(bytes: Buffer, at: number, count: number, result: "float32" | "float16"): number[] {
  return Array.from({ length: count }, (_, i) =>
    result === "float16" ? halfToNumber(bytes.readUInt16LE(at + i * 2)) : bytes.readFloatLE(at + i * 4),
  );
}

/** By definition, with the halves of src/dataset. */
function expected(
  window: Uint8Array,
  at: number,
  elements: number,
  type: NumberType,
  scale: Float32Array,
  bias: Float32Array,
  result: "float32" | "float16",
): number[] {
  return Array.from({ length: elements }, (_, i) => {
    const factor = scale[i % scale.length] ?? Number.NaN;
    const value = Math.fround(
      Math.fround(floatAt(window, at + i * TYPES[type], type) * factor) + (bias[i % bias.length] ?? 0),
    );
    return result === "float16" ? halfToNumber(numberToHalf(value)) : value;
  });
}

function floatAt(window: Uint8Array, at: number, type: NumberType): number {
  const view = new DataView(window.buffer, window.byteOffset + at);
  if (type === "uint8") return view.getUint8(0);
  if (type === "int8") return view.getInt8(0);
  if (type === "uint16") return view.getUint16(0, true);
  if (type === "int16") return view.getInt16(0, true);
  if (type === "uint32") return Math.fround(view.getUint32(0, true));
  if (type === "int32") return Math.fround(view.getInt32(0, true));
  if (type === "uint64") return nearestFloat(view.getBigUint64(0, true));
  if (type === "int64") return nearestFloat(view.getBigInt64(0, true));
  if (type === "float16") return halfToNumber(view.getUint16(0, true));
  if (type === "float32") return view.getFloat32(0, true);
  return Math.fround(view.getFloat64(0, true));
}

/** The f32 nearest to an integer, ties to even, by comparing distances. */
function nearestFloat(value: bigint): number {
  const magnitude = value < 0n ? -value : value;
  const bits = magnitude.toString(2).length;
  const step = bits > 24 ? 1n << BigInt(bits - 24) : 1n;
  const down = magnitude / step;
  const rest = magnitude - down * step;
  const up = rest * 2n > step || (rest * 2n === step && down % 2n === 1n);
  return Number((up ? down + 1n : down) * step) * (value < 0n ? -1 : 1);
}

/** Runs one cast of `elements` bytes of input in rows of one, scale 1 and bias 0. */
function castAll(type: NumberType, input: Uint8Array, result: "float32" | "float16"): number[][] {
  const count = input.length / TYPES[type];
  const before = prepare(low.base, 1, [ROWS], new Float32Array(16).fill(1), new Float32Array(16));
  before.set(input, ROWS);
  const length = count * (result === "float16" ? 2 : 4);
  return [low.wasm, low.plain].map((kernels) => {
    const { bytes } = expectSame(low, before, [TO, TO + length], () =>
      kernels.gatherCast(low.base, 1, 0, count, type, low.base + SCALE, low.base + BIAS, 16, low.base + TO, result),
    );
    return result === "float16"
      ? Array.from({ length: count }, (_, i) => bytes.readUInt16LE(TO + i * 2))
      : valuesOf(bytes, TO, count, result);
  });
}

test("every half goes to f32 exactly and back", () => {
  for (let first = 0; first < 65536; first += 4096) {
    const halves = Uint16Array.from({ length: 4096 }, (_, i) => first + i);
    const input = new Uint8Array(halves.buffer);
    const numbers = [...halves].map(halfToNumber);
    // −0 + 0 is 0: adding the bias loses the sign of zero.
    const signless = numbers.map((value) => value + 0);
    expect(castAll("float16", input, "float32")).toEqual([signless, signless]);
    const back = signless.map(numberToHalf);
    expect(castAll("float16", input, "float16")).toEqual([back, back]);
  }
});

test("f32 rounds to the nearest half, ties to even, over the whole range", () => {
  const random = new Float32Array(noise(77, 16_000).slice().buffer);
  const halves = Array.from({ length: 31 * 4 * 16 }, (_, i) => halfToNumber((i >> 4) * 256 + (i & 15)));
  // Around every kind of boundary: halfway between two halves, and one bit either side of that.
  const ties = halves.flatMap((half, i) => {
    const next = halfToNumber(numberToHalf(half) + 1);
    const middle = (half + next) / 2;
    return [middle, middle * (1 + 2 ** -23), middle * (1 - 2 ** -24)].map((value) => (i & 1 ? -value : value));
  });
  const edges = [65504, 65519.996, 65520, 1e9, 2 ** -24, 2 ** -25, 2 ** -25 * (1 + 2 ** -23), 2 ** -26, 1e-40];
  const special = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
  const all = Float32Array.from([...random, ...ties, ...edges, ...edges.map((edge) => -edge), ...special]);
  for (let first = 0; first < all.length; first += 2000) {
    const values = all.slice(first, first + 2000);
    const expectedHalves = Array.from(values, (value) => numberToHalf(value + 0));
    expect(castAll("float32", new Uint8Array(values.buffer), "float16")).toEqual([expectedHalves, expectedHalves]);
  }
});

test("integers of 64 bits round once", () => {
  // The first is a tie in f32 only after a wrong rounding to double.
  const values = [
    2n ** 60n + 2n ** 36n + 1n,
    2n ** 60n + 2n ** 36n,
    2n ** 60n + 3n * 2n ** 36n,
    2n ** 63n - 1n,
    2n ** 53n + 1n,
  ];
  const signed = BigInt64Array.from([...values, ...values.map((value) => -value), -(2n ** 63n)]);
  const floats = Array.from(signed, nearestFloat);
  expect(castAll("int64", new Uint8Array(signed.buffer), "float32")).toEqual([floats, floats]);
  const unsigned = BigUint64Array.from([...values, 2n ** 64n - 1n, 2n ** 63n + 2n ** 39n + 1n, 2n ** 63n + 2n ** 39n]);
  const positive = Array.from(unsigned, nearestFloat);
  expect(castAll("uint64", new Uint8Array(unsigned.buffer), "float32")).toEqual([positive, positive]);
});

const integerTypes = fc.constantFrom<NumberType>(
  "uint8",
  "int8",
  "uint16",
  "int16",
  "uint32",
  "int32",
  "uint64",
  "int64",
);

test("gatherOneHot writes ones, and names the first row out of range", () => {
  const values = fc.array(fc.oneof({ weight: 20, arbitrary: fc.nat(100) }, fc.integer({ min: -3, max: 140 })), {
    maxLength: 20,
  });
  const property = fc.property(
    integerTypes,
    values,
    fc.integer({ min: 1, max: 120 }),
    fc.boolean(),
    (type, labels, classes, asBytes) => {
      const result = asBytes ? "uint8" : "float32";
      const rowBytes = classes * (asBytes ? 1 : 4);
      for (const bench of [low, high]) {
        const rows = labels.map((_, i) => ROWS + i * 24);
        const before = prepare(bench.base, 3, rows, new Float32Array(16), new Float32Array(16));
        for (const [i, label] of labels.entries()) writeInteger(before, ROWS + i * 24 + 8, type, label);
        const outcome = expectSame(bench, before, [TO, TO + rowBytes * labels.length], (kernels) =>
          kernels.gatherOneHot(bench.base, labels.length, 8, type, classes, bench.base + TO, result),
        );
        const wrong = labels.findIndex((label) => label < 0 || label >= classes);
        expect(outcome.result).toBe(wrong);
        const whole = wrong < 0 ? labels : labels.slice(0, wrong);
        const wanted = whole.flatMap((label) => Array.from({ length: classes }, (_, i) => (i === label ? 1 : 0)));
        const actual = wanted.map((_, i) => (asBytes ? outcome.bytes[TO + i] : outcome.bytes.readFloatLE(TO + i * 4)));
        expect(actual).toEqual(wanted);
      }
    },
  );
  fc.assert(property, { seed: 52, numRuns: 200 });
});

test("gatherOneHot is not misled by the low half of 64 bits", () => {
  const before = prepare(low.base, 3, [ROWS], new Float32Array(16), new Float32Array(16));
  for (const value of [2n ** 32n, -(2n ** 32n), 2n ** 53n + 1n]) {
    new DataView(before.buffer).setBigInt64(ROWS, value, true);
    for (const type of ["uint64", "int64"] as const) {
      const { result } = expectSame(low, before, [TO, WINDOW_BYTES], (kernels) =>
        kernels.gatherOneHot(low.base, 1, 0, type, 10, low.base + TO, "uint8"),
      );
      expect(result).toBe(0);
    }
  }
});

function writeInteger(window: Uint8Array, at: number, type: NumberType, value: number): void {
  const view = new DataView(window.buffer, window.byteOffset);
  const low64 = BigInt.asUintN(64, BigInt(value));
  for (let i = 0; i < TYPES[type]; i++) view.setUint8(at + i, Number((low64 >> BigInt(i * 8)) & 255n));
}
