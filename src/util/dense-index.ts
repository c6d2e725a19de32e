import type { UnitRow } from "./unit-index.js";

/** What the index of a stored order answers. */
export interface Lookups {
  startOf(unit: number): number;
  countOf(unit: number): number;
  locate(record: number): UnitRow;
  /** Writes unit and row of each record. */
  locateMany(records: Float64Array, units: Uint32Array, rows: Uint32Array): void;
}

/**
 * Index of units of varying size, 16 bytes a unit: where each begins, and for each stretch of half a mean unit the unit its first record is in. A lookup takes a division and a step or two.
 *
 * @throws RangeError where the counts do not sum to `total`.
 */
export function createDenseIndex(units: number, total: number, countOf: (unit: number) => number): Lookups {
  const starts = new Float64Array(units + 1);
  for (let unit = 0; unit < units; unit++) starts[unit + 1] = (starts[unit] ?? 0) + countOf(unit);
  if (starts[units] !== total)
    throw new RangeError(`counts.total must be the sum of the counts, ${starts[units]}, got ${total}`);
  const width = Math.max(1, Math.floor(total / (2 * units)));
  const firstUnits = new Uint32Array(Math.ceil(total / width));
  // Every index below is in bounds: records are in [0, total), and starts[units] is beyond all of them.
  for (let stretch = 0, unit = 0; stretch < firstUnits.length; stretch++) {
    while ((starts[unit + 1] as number) <= stretch * width) unit++;
    firstUnits[stretch] = unit;
  }
  const unitOf = (record: number) => {
    let unit = firstUnits[Math.floor(record / width)] as number;
    while ((starts[unit + 1] as number) <= record) unit++;
    return unit;
  };
  return {
    startOf: (unit) => starts[unit] as number,
    countOf,
    locate(record) {
      const unit = unitOf(record);
      return { unit, row: record - (starts[unit] as number) };
    },
    locateMany(records, found, rows) {
      for (let i = 0; i < records.length; i++) {
        const record = records[i] as number;
        const unit = unitOf(record);
        found[i] = unit;
        rows[i] = record - (starts[unit] as number);
      }
    },
  };
}
