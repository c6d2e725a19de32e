import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { halfToFloat32 } from "../../loaders/tfjs/convert.js";
import { type FieldCast, tfDataset } from "../../loaders/tfjs/index.js";
import { fields } from "../../src/dataset/fields.js";
import type { Field, NumericArray } from "../../src/dataset/types.js";
import { type Column, fakeLoader, listColumn, textColumn } from "./fake-loader.js";

/** The first batch of a single field `x`. */
async function tensorOf(
  field: Field,
  column: Column,
  records: number,
  cast?: FieldCast,
  nulls: readonly number[] = [],
) {
  const loader = fakeLoader({
    schema: { x: field },
    columns: { x: column },
    nulls: { x: nulls },
    records,
    batchSize: records,
  });
  const dataset = tfDataset(loader, tf, { xs: "x", ...(cast === undefined ? {} : { cast: { x: cast } }) });
  const { value } = await (await dataset.iterator()).next();
  await dataset.close();
  const handed = loader.batches[0]?.columns.x;
  if (value === null) throw new Error("the loader gave no batch");
  return { tensor: value.xs, handed };
}

const numeric: readonly [string, Field, NumericArray, readonly number[]][] = [
  ["bool", fields.bool(), Uint8Array.of(1, 0), [1, 0]],
  ["uint8", fields.uint8(), Uint8Array.of(255, 0), [255, 0]],
  ["int8", fields.int8(), Int8Array.of(-128, 127), [-128, 127]],
  ["uint16", fields.uint16(), Uint16Array.of(65535, 1), [65535, 1]],
  ["int16", fields.int16(), Int16Array.of(-32768, 1), [-32768, 1]],
  ["int32", fields.int32(), Int32Array.of(-(2 ** 24), 2 ** 30), [-(2 ** 24), 2 ** 30]],
  ["float16", fields.float16(), Uint16Array.of(0x3c00, 0xc100), [1, -2.5]],
  ["float32", fields.float32(), Float32Array.of(0.1, -0), [Math.fround(0.1), -0]],
  ["float64", fields.float64(), Float64Array.of(0.1, 1e300), [Math.fround(0.1), Number.POSITIVE_INFINITY]],
];

beforeAll(async () => {
  await tf.setBackend("cpu");
});

describe("a field as a tensor", () => {
  it.each(numeric)("%s becomes float32", async (_, field, column, expected) => {
    const { tensor } = await tensorOf(field, column, 2);
    expect([tensor.dtype, tensor.shape]).toEqual(["float32", [2]]);
    expect(Array.from(await tensor.data())).toEqual(expected);
  });

  it.each(["bool", "uint8", "int8", "uint16", "int16", "int32"] as const)(
    "%s is kept as int32 when asked",
    async (type) => {
      const column = numeric.find(([name]) => name === type);
      if (column === undefined) throw new Error("no such case");
      const { tensor } = await tensorOf(column[1], column[2], 2, { dtype: "int32" });
      expect(tensor.dtype).toBe("int32");
      expect(Array.from(await tensor.data())).toEqual(column[3]);
    },
  );

  it("keeps bool as bool when asked", async () => {
    const { tensor } = await tensorOf(fields.bool(), Uint8Array.of(0, 1), 2, { dtype: "bool" });
    expect(tensor.dtype).toBe("bool");
    expect(Array.from(await tensor.data())).toEqual([0, 1]);
  });

  it("has the field's shape and the scaled values, rounded once", async () => {
    const cast = { scale: 1 / 255, offset: -0.5 };
    const { tensor } = await tensorOf(fields.uint8([2, 3]), Uint8Array.of(0, 51, 102, 153, 204, 255), 1, cast);
    expect([tensor.dtype, tensor.shape]).toEqual(["float32", [1, 2, 3]]);
    const expected = [0, 51, 102, 153, 204, 255].map((value) => Math.fround(value * (1 / 255) - 0.5));
    expect(Array.from(await tensor.data())).toEqual(expected);
  });

  it("uses the batch's memory where the dtypes agree", async () => {
    const floats = await tensorOf(fields.float32(), Float32Array.of(1, 2), 2);
    expect(await floats.tensor.data()).toBe(floats.handed);
    const integers = await tensorOf(fields.int32(), Int32Array.of(1, 2), 2, { dtype: "int32" });
    expect(await integers.tensor.data()).toBe(integers.handed);
  });

  it("gives text and bytes as strings", async () => {
    const { tensor } = await tensorOf(fields.utf8(), textColumn(["", "Ψ text", "end"]), 3);
    expect([tensor.dtype, tensor.shape]).toEqual(["string", [3]]);
    expect(await tensor.array()).toEqual(["", "Ψ text", "end"]);
    const bytes = await tensorOf(fields.binary(), textColumn([Uint8Array.of(255, 0), Uint8Array.of(1)]), 2);
    expect(await bytes.tensor.bytes()).toEqual([Uint8Array.of(255, 0), Uint8Array.of(1)]);
  });

  it("takes 64-bit and uint32 integers only with a dtype, and only values that fit", async () => {
    const small = BigInt64Array.of(-5n, 2n ** 31n - 1n);
    await expect(tensorOf(fields.int64(), small, 2)).rejects.toThrow(/field "x" is int64.*options\.cast\.x/);
    await expect(tensorOf(fields.uint64(), BigUint64Array.of(1n), 1)).rejects.toThrow(TypeError);
    await expect(tensorOf(fields.uint32(), Uint32Array.of(1), 1)).rejects.toThrow(TypeError);
    const { tensor } = await tensorOf(fields.int64(), small, 2, { dtype: "int32" });
    expect(Array.from(await tensor.data())).toEqual([-5, 2 ** 31 - 1]);
    const large = tensorOf(fields.int64(), BigInt64Array.of(0n, 2n ** 31n), 2, { dtype: "int32" });
    await expect(large).rejects.toMatchObject({ code: "E_RECORD", context: { record: 1, field: "x", value: 2 ** 31 } });
    const rounded = await tensorOf(fields.uint32(), Uint32Array.of(2 ** 32 - 1), 1, { dtype: "float32" });
    expect(Array.from(await rounded.tensor.data())).toEqual([2 ** 32]);
  });

  it("refuses to round an int32 unless told to", async () => {
    const column = Int32Array.of(1, 2, 3, 2 ** 24 + 1);
    const refused = tensorOf(fields.int32([2]), column, 2);
    await expect(refused).rejects.toMatchObject({ code: "E_RECORD", context: { record: 1, value: 2 ** 24 + 1 } });
    const { tensor } = await tensorOf(fields.int32([2]), column, 2, { dtype: "float32" });
    expect(Array.from(await tensor.data())).toEqual([1, 2, 3, 2 ** 24]);
  });

  it("names the record of a null", async () => {
    const field = fields.float32().nullable();
    const { tensor } = await tensorOf(field, Float32Array.of(1, 2), 2);
    expect(Array.from(await tensor.data())).toEqual([1, 2]);
    const column = new Float32Array(12);
    await expect(tensorOf(field, column, 12, undefined, [9])).rejects.toMatchObject({
      code: "E_RECORD",
      context: { record: 9, field: "x" },
    });
  });
});

describe("tfDataset's options", () => {
  const loader = () =>
    fakeLoader({
      schema: { a: fields.float32(), list: fields.list("uint8"), meta: fields.json() },
      columns: {
        a: Float32Array.of(1),
        list: listColumn([Uint8Array.of(1)], new Uint8Array()),
        meta: textColumn(["{}"]),
      },
      records: 1,
      batchSize: 1,
    });

  it.each<[object, RegExp]>([
    [{ xs: "b" }, /options\.xs names "b"/],
    [{ xs: ["a", 3] }, /options\.xs names 3/],
    [{ xs: [] }, /options\.xs must be a field name/],
    [{}, /options\.xs must be a field name/],
    [{ xs: "a", ys: { out: "b" } }, /options\.ys names "b"/],
    [{ xs: "toString" }, /options\.xs names "toString"/],
    [{ xs: "list" }, /field "list" is a list/],
    [{ xs: "meta" }, /field "meta" is a json/],
    [{ xs: "a", cast: { b: {} } }, /options\.cast names "b"/],
    [{ xs: "a", cast: { a: { dtype: "int32" } } }, /drop the fractions of float32/],
    [{ xs: "a", cast: { a: { dtype: "bool" } } }, /the field is float32/],
    [{ xs: "a", cast: { a: { scale: Number.NaN } } }, /finite scale/],
    [{ xs: "a", cast: { a: { dtype: "int32", scale: 2 } } }, /need "float32"/],
    [{ xs: "a", shuffle: true }, /options\.shuffle is unknown/],
    [{ xs: "a", initialEpoch: -1 }, /options\.initialEpoch must be an integer >= 0, got -1/],
    [{ xs: "a", initialEpoch: 1, resume: {} }, /give one/],
  ])("refuses %j", (options, message) => {
    // Wrong on purpose, as a JavaScript caller could be.
    expect(() => tfDataset(loader(), tf, options as { xs: "a" })).toThrow(message);
  });

  it("says what a transform must return", async () => {
    const wrong: (() => unknown)[] = [() => undefined, () => ({ xs: 3 }), async () => ({ xs: tf.scalar(1) })];
    for (const transform of wrong) {
      const before = tf.memory().numTensors;
      const dataset = tfDataset(loader(), tf, { xs: "a", transform });
      await expect((await dataset.iterator()).next()).rejects.toThrow(/options\.transform.* must be a tensor/);
      expect(tf.memory().numTensors).toBe(before);
    }
  });
});

describe("halfToFloat32", () => {
  it("agrees with the definition of IEEE 754 half precision for all 65,536 patterns", () => {
    const values = halfToFloat32(Uint16Array.from({ length: 65536 }, (_, bits) => bits));
    for (let bits = 0; bits < 65536; bits++) {
      const sign = bits < 0x8000 ? 1 : -1;
      const exponent = (bits >> 10) & 31;
      const fraction = (bits & 1023) / 1024;
      const special = fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
      const finite = sign * (exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15));
      if (!Object.is(values[bits], exponent === 31 ? special : finite)) expect.fail(`half 0x${bits.toString(16)}`);
    }
  });
});

describe("a scaled field", () => {
  it("equals the formula for any int16 values, scale and offset", async () => {
    const finite = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 });
    const property = fc.asyncProperty(
      fc.int16Array({ minLength: 1 }),
      finite,
      finite,
      async (column, scale, offset) => {
        const { tensor } = await tensorOf(fields.int16(), column, column.length, { scale, offset });
        const expected = Array.from(column, (value) => Math.fround(value * scale + offset));
        expect(Array.from(await tensor.data())).toEqual(expected);
        tensor.dispose();
      },
    );
    await fc.assert(property, { seed: 7, numRuns: 50 });
  });
});
