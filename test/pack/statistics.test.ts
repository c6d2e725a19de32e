import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRowLayout } from "../../src/core/format/row-layout.js";
import { createRowWriter } from "../../src/dataset/encode.js";
import { fields, schemaSpec } from "../../src/dataset/fields.js";
import type { Schema } from "../../src/dataset/types.js";
import { blockStatistics, StatisticsBuilder } from "../../src/pack/statistics.js";

/** The statistics of records that lie in blocks of `perBlock`. */
function statisticsOf(schema: Schema, records: readonly unknown[], perBlock = records.length) {
  const spec = schemaSpec(schema);
  const layout = createRowLayout(spec);
  const writer = createRowWriter(spec, layout);
  const builder = new StatisticsBuilder(spec);
  const flush = () => {
    const { raw, count } = writer.take();
    builder.add(blockStatistics(raw, count, spec, layout));
  };
  for (const record of records) {
    writer.add(record);
    if (writer.count === perBlock) flush();
  }
  if (writer.count > 0) flush();
  return builder.finish();
}

function naively(values: readonly number[]) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { min: Math.min(...values), max: Math.max(...values), mean, std: Math.sqrt(variance) };
}

function expectMoments(actual: object | undefined, values: readonly number[]) {
  const { min, max, mean, std } = naively(values);
  const close = (value: number) => expect.closeTo(value, 6);
  expect(actual).toMatchObject({ min, max, mean: close(mean), std: close(std) });
}

describe("statistics of numbers", () => {
  it("are those of all elements, in any division into blocks", () => {
    const value = fc.record({
      image: fc.uint8Array({ minLength: 7, maxLength: 7 }),
      score: fc.double({ min: -1000, max: 1000, noNaN: true }),
    });
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 9 }),
        (records, perBlock) => {
          const found = statisticsOf({ image: fields.uint8([7]), score: fields.float64() }, records, perBlock);
          expectMoments(
            found.image,
            records.flatMap(({ image }) => [...image]),
          );
          expectMoments(
            found.score,
            records.map(({ score }) => score),
          );
        },
      ),
      { seed: 3, numRuns: 100 },
    );
  });

  it.each([2, 3, 4])("are kept per channel of a last axis of %i", (channels) => {
    const pixels = Array.from({ length: 5 * channels }, (_, i) => (i * 37) % 256);
    const [bytes, floats] = [Uint8Array.from(pixels), Float32Array.from(pixels)];
    const schema = { bytes: fields.uint8([5, channels]), floats: fields.float32([5, channels]) };
    const found = statisticsOf(
      schema,
      [
        { bytes, floats },
        { bytes, floats },
      ],
      1,
    );
    for (const field of [found.bytes, found.floats]) {
      for (let channel = 0; channel < channels; channel++) {
        const own = naively(pixels.filter((_, i) => i % channels === channel));
        expect(field?.channels?.mean[channel]).toBeCloseTo(own.mean, 9);
        expect(field?.channels?.std[channel]).toBeCloseTo(own.std, 9);
      }
      expectMoments(field, pixels);
    }
  });

  it("leave out nulls, and values that are not finite", () => {
    const schema = { a: fields.float32().nullable(), b: fields.float64() };
    const found = statisticsOf(schema, [
      { a: 1, b: Number.NaN },
      { a: null, b: Infinity },
      { a: 3, b: Number.NaN },
    ]);
    expect(found.a).toEqual({ count: 2, nulls: 1, min: 1, max: 3, mean: 2, std: 1 });
    expect(found.b).toEqual({ count: 3, nulls: 0 });
    expect(statisticsOf({ b: fields.float64() }, [{ b: 1e308 }, { b: 1.7e308 }]).b).toEqual({
      count: 2,
      nulls: 0,
      min: 1e308,
      max: 1.7e308,
    });
  });

  it("read every type", () => {
    const types = [
      "uint8",
      "int8",
      "uint16",
      "int16",
      "uint32",
      "int32",
      "uint64",
      "int64",
      "float16",
      "float32",
      "float64",
    ] as const;
    for (const type of types) {
      const schema = { a: fields[type]() };
      const low = type.startsWith("u") ? 3 : -3;
      expect(statisticsOf(schema, [{ a: low }, { a: 100 }]).a).toMatchObject({
        min: low,
        max: 100,
        mean: (low + 100) / 2,
      });
    }
  });
});

describe("labels", () => {
  const label = { label: fields.int32() };

  it("have a histogram by value while there are at most 256", () => {
    const records = [3, -1, 3, 200].map((value) => ({ label: value }));
    expect(statisticsOf(label, records, 2).label?.histogram).toEqual([
      [-1, 1],
      [3, 2],
      [200, 1],
    ]);
    const many = (count: number) => Array.from({ length: count }, (_, i) => ({ label: i }));
    expect(statisticsOf(label, many(256), 100).label?.histogram).toHaveLength(256);
    expect(statisticsOf(label, many(257), 100).label).not.toHaveProperty("histogram");
  });

  it("have rho 1 where every block has one label, 0 where blocks are mixed", () => {
    const sorted = Array.from({ length: 400 }, (_, i) => ({ label: Math.floor(i / 100) }));
    const mixed = Array.from({ length: 400 }, (_, i) => ({ label: i % 4 }));
    expect(statisticsOf(label, sorted, 20).label?.rho).toBe(1);
    expect(statisticsOf(label, mixed, 20).label?.rho).toBe(0);
    // Half of each block is one label, the rest all labels alike: pairs agree in (1/4 + 3/4 · 1/4) rather than 1/4 of cases, about.
    const half = mixed.map(({ label }, i) => ({ label: i % 2 === 0 ? Math.floor(i / 100) : label }));
    expect(statisticsOf(label, half, 20).label?.rho).toBeGreaterThan(0.1);
    expect(statisticsOf(label, half, 20).label?.rho).toBeLessThan(0.5);
    expect(statisticsOf(label, [{ label: 1 }], 1).label?.rho).toBe(0);
  });

  it("may be bools, and named __proto__", () => {
    const schema = Object.fromEntries([["__proto__", fields.bool()]]);
    const found = statisticsOf(schema, [Object.fromEntries([["__proto__", true]])]);
    expect(Object.entries(found)).toMatchObject([["__proto__", { histogram: [[1, 1]] }]]);
  });
});

it("lengths of variable fields count items", () => {
  const schema = { text: fields.utf8().nullable(), list: fields.list("float64") };
  const found = statisticsOf(
    schema,
    [
      { text: "abc", list: [] },
      { text: null, list: [1, 2] },
      { text: "é", list: [1] },
    ],
    2,
  );
  expect(found.text).toEqual({ count: 2, nulls: 1, minLength: 2, maxLength: 3, meanLength: 2.5 });
  expect(found.list).toEqual({ count: 3, nulls: 0, minLength: 0, maxLength: 2, meanLength: 1 });
});
