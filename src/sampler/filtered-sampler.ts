import { assertInteger } from "../util/options.js";
import type { UnitIndex } from "../util/unit-index.js";
import { fingerprint } from "./hash.js";
import type { Sampler, UnitCounts } from "./types.js";

/** Some of the records of a dataset, as a dataset of their own: sampler and window shuffle see only them, in stored order. */
export interface Filter {
  /** Record numbers, ascending. */
  readonly records: Float64Array;
  /** How many of them each unit holds. */
  readonly counts: UnitCounts;
}

/**
 * A filter by record number.
 *
 * @param wanted The records to keep, in any order, each counted once; or a function that says so for every record.
 * @throws TypeError, RangeError for a number that is no record; RangeError where none is left.
 */
export function createFilter(wanted: Iterable<number> | ((record: number) => boolean), index: UnitIndex): Filter {
  const records = typeof wanted === "function" ? chosenBy(wanted, index.total) : ascending(wanted, index.total);
  if (records.length === 0) throw new RangeError("options.filter must leave a record, got none");
  const counts = new Uint32Array(index.units);
  for (const record of records) {
    const unit = index.unitOf(record);
    counts[unit] = (counts[unit] ?? 0) + 1;
  }
  return { records, counts: { units: index.units, total: records.length, counts } };
}

function chosenBy(wanted: (record: number) => boolean, total: number): Float64Array {
  const records: number[] = [];
  for (let record = 0; record < total; record++) if (wanted(record)) records.push(record);
  return Float64Array.from(records);
}

function ascending(wanted: Iterable<number>, total: number): Float64Array {
  const records = new Set<number>();
  for (const record of wanted) {
    assertInteger("options.filter", record, 0, total - 1);
    records.add(record);
  }
  return Float64Array.from(records).sort();
}

/** The order of a sampler over the filtered records, in the dataset's own numbers. */
export function withFilter(sampler: Sampler, { records }: Filter): Sampler {
  return {
    length: sampler.length,
    parameters: { ...sampler.parameters, filter: fingerprint(records) },
    epoch(epoch) {
      const order = sampler.epoch(epoch);
      return {
        length: order.length,
        fill(start, stride, target) {
          order.fill(start, stride, target);
          for (let i = 0; i < target.length; i++) target[i] = records[target[i] as number] as number; // the sampler knows only these
        },
      };
    },
  };
}
