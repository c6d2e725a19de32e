import fc from "fast-check";
import { expect, test } from "vitest";
import { createUnitIndex } from "../../src/util/unit-index.js";
import { countsOf, evenCounts, range, sizesArbitrary } from "../sampler/support.js";

test("units of any sizes: every record is found in its unit and row", () => {
  fc.assert(
    fc.property(sizesArbitrary, (sizes) => {
      const index = createUnitIndex(countsOf(sizes));
      const expected = sizes.flatMap((size, unit) => range(size).map((row) => ({ unit, row })));
      expect(expected.map((_, record) => index.locate(record))).toEqual(expected);
      let start = 0;
      for (const [unit, size] of sizes.entries()) {
        expect([index.startOf(unit), index.countOf(unit)]).toEqual([start, size]);
        start += size;
      }
      expect(index.startOf(sizes.length)).toBe(start);
    }),
    { seed: 21, numRuns: 300 },
  );
});

test("equal units give the same answers by closed form as by counts", () => {
  for (const [total, perUnit] of [
    [1, 1],
    [10, 3],
    [9, 3],
    [5, 100],
    [1000, 7],
  ] as const) {
    const closed = createUnitIndex(evenCounts(total, perUnit));
    const sizes = range(closed.units).map((unit) => closed.countOf(unit));
    const table = createUnitIndex(countsOf(sizes));
    expect(range(total).map(closed.locate)).toEqual(range(total).map(table.locate));
    expect(range(total).map(closed.unitOf)).toEqual(range(total).map(table.unitOf));
    expect(range(closed.units + 1).map(closed.startOf)).toEqual(range(closed.units + 1).map(table.startOf));
  }
});

test("records and units outside are refused", () => {
  const index = createUnitIndex(countsOf([2, 0, 3]));
  for (const wrong of [-1, 5, 0.5, Number.NaN]) {
    expect(() => index.locate(wrong)).toThrow(RangeError);
    expect(() => index.unitOf(wrong)).toThrow(RangeError);
  }
  expect(() => index.countOf(3)).toThrow("unit must be an integer from 0 to 2, got 3");
  expect(() => index.startOf(4)).toThrow(RangeError);
});

test("no units, and units without records, are an index of no records", () => {
  for (const counts of [evenCounts(0, 5), countsOf([]), countsOf([0, 0])]) {
    const index = createUnitIndex(counts);
    expect([index.units, index.total]).toEqual([counts.units, 0]);
    expect(range(counts.units + 1).map(index.startOf)).toEqual(range(counts.units + 1).fill(0));
    expect(range(counts.units).map(index.countOf)).toEqual(range(counts.units).fill(0));
    expect(() => index.locate(0)).toThrow("record does not exist: the index is empty, got 0");
    expect(() => index.unitOf(0)).toThrow(RangeError);
    expect(() => index.countOf(counts.units)).toThrow(RangeError);
  }
});

test("counts that do not agree are refused", () => {
  const counts = Uint16Array.of(2, 3);
  expect(() => createUnitIndex({ units: 2, total: 6, counts })).toThrow(
    "counts.total must be the sum of the counts, 5",
  );
  expect(() => createUnitIndex({ units: 3, total: 5, counts })).toThrow("counts.counts must hold 3 numbers");
  expect(() => createUnitIndex({ units: 2, total: 11, perUnit: 5 })).toThrow("counts.total must fill 2 units of 5");
  expect(() => createUnitIndex({ units: 2, total: 5, perUnit: 5 })).toThrow(RangeError);
  expect(() => createUnitIndex({ units: 0, total: 1, perUnit: 5 })).toThrow("counts.total must fill 0 units of 5");
  expect(() => createUnitIndex({ units: 0, total: 1, counts: new Uint16Array() })).toThrow("counts.total must be");
  expect(() => createUnitIndex({ units: -1, total: 0, perUnit: 5 })).toThrow(
    "counts.units must be an integer >= 0, got -1",
  );
});

test("more than a million units take the index with fewer numbers: same answers, one by one and many at once", () => {
  const units = 2 ** 20 + 5;
  const counts = Uint16Array.from({ length: units }, (_, unit) => (unit * 7) % 5);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const index = createUnitIndex({ units, total, counts });
  const records = Float64Array.from({ length: 1000 }, (_, i) => (i * 7919) % total);
  const found = new Uint32Array(records.length);
  const rows = new Uint32Array(records.length);
  index.locateMany(records, found, rows);
  for (const [i, record] of records.entries()) {
    const unit = found[i] ?? -1;
    expect(index.startOf(unit) + (rows[i] ?? -1)).toBe(record);
    expect(rows[i]).toBeLessThan(index.countOf(unit));
    expect(index.locate(record)).toEqual({ unit, row: rows[i] });
  }
  expect(() => index.locateMany(Float64Array.of(0, total), found, rows)).toThrow(RangeError);
});
