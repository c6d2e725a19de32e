import { createDenseIndex, type Lookups } from "./dense-index.js";
import { assertInteger } from "./options.js";
import { createPrefixSums } from "./prefix-sums.js";

/**
 * Records per unit (block), as the snapshot's header and counts column give them. `counts[u]` is the count of unit `u`; where all units but the
 * last hold the same number, `perUnit` says it and no array exists. There may be no units, and units may hold no records.
 */
export type UnitCounts =
  | { readonly units: number; readonly total: number; readonly perUnit: number }
  | { readonly units: number; readonly total: number; readonly counts: Uint16Array | Uint32Array };

/** Where a record is stored. */
export interface UnitRow {
  readonly unit: number;
  /** Row inside the unit, from 0. */
  readonly row: number;
}

/** Stored order: which unit holds a record, and which records a unit holds. */
export interface UnitIndex {
  readonly units: number;
  readonly total: number;
  /** Number of the first record of `unit`; `startOf(units)` is `total`. */
  startOf(unit: number): number;
  /** Records in `unit`. */
  countOf(unit: number): number;
  /** The unit of `record`. */
  unitOf(record: number): number;
  /** The unit and the row of `record`. */
  locate(record: number): UnitRow;
  /** The same for many records: writes their units and rows. */
  locateMany(records: Float64Array, units: Uint32Array, rows: Uint32Array): void;
}

/** Up to here an index may take 16 bytes a unit. */
const MAX_DENSE_UNITS = 2 ** 20;
const UNITS_PER_SAMPLE = 16;

/**
 * Index of the stored order: a closed form where all units but the last hold the same number; else 16 bytes a unit, and beyond a million units half a byte.
 *
 * @throws RangeError when the counts do not agree with each other.
 */
export function createUnitIndex(counts: UnitCounts): UnitIndex {
  assertUnitCounts(counts);
  const index = "perUnit" in counts ? createConstantIndex(counts) : createSampledIndex(counts);
  return {
    units: counts.units,
    total: counts.total,
    countOf: (unit) => index.countOf(checked(unit, "unit", counts.units)),
    startOf: (unit) => index.startOf(checked(unit, "unit", counts.units + 1)),
    unitOf: (record) => index.locate(checked(record, "record", counts.total)).unit,
    locate: (record) => index.locate(checked(record, "record", counts.total)),
    locateMany(records, units, rows) {
      for (const record of records) checked(record, "record", counts.total);
      index.locateMany(records, units, rows);
    },
  };
}

/** Checks sizes against each other, not yet the sum of the counts: that takes the pass which makes a table. */
export function assertUnitCounts(counts: UnitCounts): void {
  const { units, total } = counts;
  assertInteger("counts.units", units, 0);
  assertInteger("counts.total", total, 0);
  if ("counts" in counts) {
    if (counts.counts.length !== units) {
      throw new RangeError(`counts.counts must hold ${units} numbers, one a unit, got ${counts.counts.length}`);
    }
    return;
  }
  assertInteger("counts.perUnit", counts.perUnit, 1);
  if (Math.ceil(total / counts.perUnit) !== units) {
    throw new RangeError(`counts.total must fill ${units} units of ${counts.perUnit}, got ${total}`);
  }
}

export function assertTotal(sum: number, total: number): void {
  if (sum !== total) throw new RangeError(`counts.total must be the sum of the counts, ${sum}, got ${total}`);
}

function createConstantIndex(counts: Extract<UnitCounts, { perUnit: number }>): Lookups {
  const { total, perUnit } = counts;
  const startOf = (unit: number) => Math.min(unit * perUnit, total);
  return {
    startOf,
    countOf: (unit) => startOf(unit + 1) - startOf(unit),
    locate(record) {
      const unit = Math.floor(record / perUnit);
      return { unit, row: record - unit * perUnit };
    },
    locateMany(records, units, rows) {
      for (let i = 0; i < records.length; i++) {
        const record = records[i] as number; // in bounds by the loop
        const unit = Math.floor(record / perUnit);
        units[i] = unit;
        rows[i] = record - unit * perUnit;
      }
    },
  };
}

function createSampledIndex({ units, total, counts }: Extract<UnitCounts, { counts: unknown }>): Lookups {
  const countOf = (unit: number) => counts[unit] as number; // units are checked by the caller
  if (units > 0 && units <= MAX_DENSE_UNITS) return createDenseIndex(units, total, countOf);
  const sums = createPrefixSums(units, UNITS_PER_SAMPLE, countOf);
  assertTotal(sums.total, total);
  const locate = (record: number) => {
    const { index, before } = sums.find(record);
    return { unit: index, row: record - before };
  };
  return {
    startOf: sums.before,
    countOf,
    locate,
    locateMany(records, units, rows) {
      for (const [i, record] of records.entries()) ({ unit: units[i], row: rows[i] } = locate(record));
    },
  };
}

function checked(index: number, name: string, limit: number): number {
  if (Number.isInteger(index) && index >= 0 && index < limit) return index;
  const range = limit === 0 ? "does not exist: the index is empty" : `must be an integer from 0 to ${limit - 1}`;
  throw new RangeError(`${name} ${range}, got ${index}`);
}
