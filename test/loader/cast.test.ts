import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { FixedField, ScalarType } from "../../src/core/format/schema.js";
import { elementCount, isFixed, SCALAR_TYPES } from "../../src/core/format/schema.js";
import type { Cast, FloatCast, OneHotCast } from "../../src/index.js";
import { type Dataset, fields, isHexzError, openDataset, pack } from "../../src/index.js";
import { castTable } from "../../src/loader/cast.js";
import { halfToNumber, numberToHalf } from "../../src/util/half.js";
import { tempDir } from "../support/temp-dir.js";

const COUNT = 60;
const SHAPES = [[], [1], [5], [4, 3], [2, 3, 17]] as const;
const folder = await tempDir();
const path = join(folder, "types.hxz");

/** Every type in every shape, as `uint8_2`: type and index of its shape. */
const schema = Object.fromEntries(
  SCALAR_TYPES.flatMap((type) => SHAPES.map((shape, i) => [`${type}_${i}`, fields[type](shape)])),
);
const specs = new Map(
  Object.entries(schema).flatMap(([name, { spec }]) => (isFixed(spec) ? [[name, spec] as const] : [])),
);

/** Values at the edges of a type and among them; 64-bit ones are multiples of 2^40, so that every double and float32 on the way is exact or rounds once. */
function elementOf(type: ScalarType, n: number): number | bigint | boolean {
  const noise = Math.imul(n + 1, 0x9e3779b1) >>> 0;
  if (type === "bool") return noise % 2 === 1;
  if (type === "uint64") return BigInt(noise >>> 8) << 40n;
  if (type === "int64") return BigInt(noise >> 8) << 40n;
  if (type === "float16") return halfToNumber(noise & 0x7bff) * (n % 2 === 0 ? 1 : -1);
  if (type === "float32")
    return n % 13 === 0
      ? ([Number.NaN, Number.POSITIVE_INFINITY, -0][n % 3] as number)
      : Math.fround(noise / 1e5 - 2e4);
  if (type === "float64") return n % 13 === 0 ? ([1e300, -1e-300, 0.1][n % 3] as number) : noise / 7e4 - 3e4;
  const bits = Number(type.replace(/\D/g, ""));
  const value = noise % 2 ** bits;
  return type.startsWith("u") ? value : value - 2 ** (bits - 1);
}

function inputOf(record: number, name: string, { type, shape }: FixedField): unknown {
  const seed = record * 1000 + ([...name].reduce((sum, char) => sum * 31 + char.charCodeAt(0), 0) % 997);
  const values = Array.from({ length: elementCount({ type, shape, nullable: false }) }, (_, i) =>
    elementOf(type, seed + i),
  );
  return shape.length === 0 ? values[0] : type === "bool" ? Uint8Array.from(values, Number) : values;
}

/** What the field of a record holds, element by element, as the numbers that a cast begins with. */
function numbersOf(record: number, name: string, spec: FixedField): number[] {
  const value = inputOf(record, name, spec);
  const values = spec.shape.length === 0 ? [value] : Array.from(value as ArrayLike<unknown>);
  return values.map((element) => Math.fround(Number(element)));
}

/** A cast by its definition. */
function castOf(value: number, { dtype, scale = 1, offset = 0 }: FloatCast, element: number, channels: number): number {
  const entry = (numbers: number | readonly number[]) =>
    Math.fround(typeof numbers === "number" ? numbers : (numbers[element % channels] ?? Number.NaN));
  const float = Math.fround(Math.fround(value * entry(scale)) + entry(offset));
  return dtype === "float16" ? numberToHalf(float) : float;
}

beforeAll(async () => {
  const records = Array.from({ length: COUNT }, (_, record) =>
    Object.fromEntries([...specs].map(([name, spec]) => [name, inputOf(record, name, spec)])),
  );
  await pack(records as never, path, { schema, cut: "fixed", blockRecords: 7, workers: 0 });
});

const open = (): Promise<Dataset> => openDataset(path, { cache: { memory: "32 MB" } });

const anyNumber = fc.integer({ min: -4000, max: 4000 }).map((n) => n / 64);
const fieldNames = fc.constantFrom(...specs.keys());
const floatCasts = fieldNames.chain((name) => {
  const channels = specs.get(name)?.shape.at(-1) ?? 1;
  const table = fc.option(fc.oneof(anyNumber, fc.array(anyNumber, { minLength: channels, maxLength: channels })), {
    nil: undefined,
  });
  const cast = fc.record({
    dtype: fc.constantFrom("float32" as const, "float16" as const),
    scale: table,
    offset: table,
  });
  return fc.record({ name: fc.constant(name), cast });
});

describe("a float cast", () => {
  it("gives value · scale + offset in float32, for every type, shape and channel", async () => {
    await using dataset = await open();
    const seen = new Set<string>();
    const property = fc.asyncProperty(
      floatCasts,
      fc.integer({ min: 1, max: COUNT }),
      fc.boolean(),
      async ({ name, cast }, batchSize, shuffle) => {
        const spec = specs.get(name) as FixedField;
        const elements = elementCount(spec);
        seen.add(spec.type);
        const loader = dataset.loader({ batchSize, shuffle, select: [name], cast: { [name]: cast }, workers: 0 });
        expect(loader.schema).toEqual({ [name]: { type: cast.dtype, shape: spec.shape, nullable: false } });
        for await (const { indices, columns, size } of loader) {
          const column = columns[name] as Float32Array | Uint16Array;
          expect(column).toBeInstanceOf(cast.dtype === "float32" ? Float32Array : Uint16Array);
          expect(column).toHaveLength(size * elements);
          const wanted = Array.from(indices, (record) =>
            numbersOf(record, name, spec).map((value, i) => castOf(value, cast, i, spec.shape.at(-1) ?? 1)),
          ).flat();
          expect(Array.from(column)).toEqual(wanted);
        }
      },
    );
    await fc.assert(property, { seed: 71, numRuns: 250 });
    expect([...seen].sort()).toEqual([...SCALAR_TYPES].sort());
  });

  it("leaves the other fields as they are, and can be added to a loader that has one already", async () => {
    await using dataset = await open();
    const loader = dataset.loader({ batchSize: 9, workers: 0, cast: { uint8_0: { dtype: "float32", scale: 2 } } });
    const both = loader.cast({ int16_2: { dtype: "float16" }, uint8_0: undefined });
    expect(loader.cast({})).toBe(loader);
    expect(loader.cast({ uint8_0: undefined })).toBe(loader);
    const plain = (await dataset.loader({ batchSize: 9, workers: 0 }).epoch(0).next()).value;
    const cast = (await both.epoch(0).next()).value;
    expect(Object.keys(cast.columns)).toEqual(Object.keys(plain.columns));
    for (const name of specs.keys()) {
      if (name === "uint8_0")
        expect([...cast.columns.uint8_0]).toEqual(
          Array.from(plain.columns.uint8_0 as Uint8Array, (value) => value * 2),
        );
      else if (name === "int16_2") expect(cast.columns.int16_2).toBeInstanceOf(Uint16Array);
      else expect(cast.columns[name]).toEqual(plain.columns[name]);
    }
    await loader.close();
    expect(() => both.epoch(0)).toThrow(/closed/);
  });

  it("has tables as long as channels and the kernels' step both divide", () => {
    for (const channels of [1, 2, 3, 5, 8, 16, 17, 48]) {
      const scale = Array.from({ length: channels }, (_, i) => i);
      const table = castTable({ dtype: "float32", scale }, { type: "uint8", shape: [2, channels], nullable: false });
      expect(table.scale.length % 16).toBe(0);
      expect(table.scale.length % channels).toBe(0);
      expect([...table.scale]).toEqual(Array.from(table.scale, (_, i) => i % channels));
      expect(new Set(table.bias)).toEqual(new Set([0]));
    }
  });
});

const labels = [...specs]
  .filter(([, { type, shape }]) => shape.length === 0 && !type.startsWith("float"))
  .map(([name]) => name);

/** Records whose labels count up to 20, but for the one at `bad`. */
async function openLabels(names: readonly string[], bad = -1, value = 0): Promise<Dataset> {
  const file = join(folder, `labels-${names.join("-")}-${bad}.hxz`);
  const schema = Object.fromEntries(names.map((name) => [name, fields[name.split("_")[0] as "int32"]()]));
  const records = Array.from({ length: COUNT }, (_, i) =>
    Object.fromEntries(names.map((name) => [name, labelOf(name, i === bad ? value : i % 20)])),
  );
  await pack(records as never, file, { schema, workers: 0 });
  return openDataset(file);
}

function labelOf(name: string, value: number): number | boolean | bigint {
  if (name.startsWith("bool")) return value % 2 === 1;
  return name.includes("64") ? BigInt(value) : value;
}

describe("a one-hot cast", () => {
  it("has one 1 for each record, for every integer type and bool", async () => {
    await using dataset = await openLabels(labels);
    for (const name of labels) {
      for (const [dtype, oneHot] of [
        ["float32", 20],
        ["uint8", 33],
        [undefined, 1000],
      ] as const) {
        const cast: OneHotCast = { oneHot, dtype };
        const loader = dataset.loader({
          batchSize: 17,
          select: [name],
          cast: { [name]: cast },
          shuffle: true,
          workers: 0,
        });
        expect(loader.schema[name]).toEqual({ type: dtype ?? "float32", shape: [oneHot], nullable: false });
        for await (const { indices, columns, size } of loader) {
          const column = columns[name] as Float32Array | Uint8Array;
          expect(column).toBeInstanceOf(dtype === "uint8" ? Uint8Array : Float32Array);
          const wanted = new Array<number>(size * oneHot).fill(0);
          for (const [row, record] of indices.entries()) wanted[row * oneHot + Number(labelOf(name, record % 20))] = 1;
          expect(Array.from(column)).toEqual(wanted);
        }
      }
    }
  });

  it("says which row of its batch is of no class: batches before it come, it does not, another epoch begins anew", async () => {
    const cases = [
      ["uint8_0", 34, 200],
      ["int8_0", 0, -1],
      ["int64_0", 59, 20],
      ["uint32_0", 20, 2 ** 31],
    ] as const;
    for (const [name, bad, value] of cases) {
      await using dataset = await openLabels([name], bad, value);
      const loader = dataset.loader({ batchSize: 10, select: [name], cast: { [name]: { oneHot: 20 } }, workers: 0 });
      for (let pass = 0; pass < 2; pass++) {
        const epoch = loader.epoch(0);
        for (let step = 0; step < Math.floor(bad / 10); step++) expect((await epoch.next()).value?.step).toBe(step);
        const error = await epoch.next().then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(error).toSatisfy((reason) => isHexzError(reason, "E_RECORD"));
        expect(error).toMatchObject({ context: { row: bad % 10, classes: 20 } });
        expect(String(error)).toMatch(new RegExp(`row ${bad % 10} of a batch .* one of 20 classes`));
        expect(await epoch.next()).toEqual({ done: true, value: undefined });
      }
    }
  });
});

describe("wrong casts", () => {
  it("are refused at once, by name and value", async () => {
    await using dataset = await openDataset(path);
    const wrong = [
      [null, TypeError, /options\.cast must be an object, got null/],
      [[], TypeError, /options\.cast must be an object, got an array/],
      [{ nope: { dtype: "float32" } }, TypeError, /options\.cast\.nope must name a field that is loaded/],
      [{ uint8_0: "float32" }, TypeError, /options\.cast\.uint8_0 must be an object, got "float32"/],
      [{ uint8_0: null }, TypeError, /options\.cast\.uint8_0 must be an object, got null/],
      [{ uint8_0: {} }, RangeError, /options\.cast\.uint8_0\.dtype must be one of "float32", "float16", got undefined/],
      [{ uint8_0: { dtype: "float64" } }, RangeError, /options\.cast\.uint8_0\.dtype .* "float64"/],
      [{ uint8_2: { dtype: "float32", scale: [1, 2] } }, RangeError, /uint8_2\.scale .* per channel \(5, .*\), got 2/],
      [{ uint8_3: { dtype: "float32", offset: [1, 2, 3, 4] } }, RangeError, /uint8_3\.offset .* \(3, .*\), got 4/],
      [{ uint8_2: { dtype: "float32", scale: "2" } }, TypeError, /uint8_2\.scale must be a number .*, got "2"/],
      [{ uint8_2: { dtype: "float32", scale: null } }, TypeError, /uint8_2\.scale must be a number .*, got null/],
      [{ uint8_2: { dtype: "float32", offset: Number.NaN } }, TypeError, /uint8_2\.offset .* got NaN/],
      [{ uint8_2: { dtype: "float32", offset: 1e39 } }, TypeError, /uint8_2\.offset .* float32 .* got 1e\+39/],
      [{ uint8_2: { dtype: "float32", scales: 2 } }, TypeError, /uint8_2\.scales is not an option/],
      [{ uint8_0: { oneHot: 0 } }, RangeError, /uint8_0\.oneHot must be an integer from 1 to .*, got 0/],
      [{ uint8_0: { oneHot: 2 ** 21 } }, RangeError, /uint8_0\.oneHot .* got 2097152/],
      [{ uint8_0: { oneHot: 4, dtype: "float16" } }, RangeError, /uint8_0\.dtype .* "float16"/],
      [{ uint8_0: { oneHot: 4, scale: 2 } }, TypeError, /uint8_0\.scale is not an option/],
      [
        { uint8_2: { oneHot: 4 } },
        TypeError,
        /uint8_2\.oneHot needs an integer or bool per record, the field is uint8\[5\]/,
      ],
      [{ float32_0: { oneHot: 4 } }, TypeError, /float32_0\.oneHot needs an integer or bool/],
    ] as const;
    const loader = dataset.loader({ batchSize: 2, workers: 0 });
    for (const [cast, type, message] of wrong) {
      for (const make of [
        () => dataset.loader({ batchSize: 2, workers: 0, cast: cast as unknown as Record<string, Cast> }),
        () => loader.cast(cast as unknown as Record<string, Cast>),
      ]) {
        expect(make, String(message)).toThrow(type);
        expect(make, String(message)).toThrow(message);
      }
    }
    const narrow = () =>
      dataset.loader({ batchSize: 2, select: ["int8_0"], cast: { uint8_0: { dtype: "float32" } } as never });
    expect(narrow).toThrow(/options\.cast\.uint8_0 must name a field that is loaded \(int8_0\)/);
  });

  it("are refused for fields without numbers", async () => {
    const file = join(folder, "text.hxz");
    await pack([{ text: "a" }], file, { schema: { text: fields.utf8() }, workers: 0 });
    await using dataset = await openDataset(file);
    const make = () => dataset.loader({ batchSize: 1, cast: { text: { dtype: "float32" } } });
    expect(make).toThrow(new TypeError("options.cast.text is for fields of numbers, but the field is utf8"));
  });
});
