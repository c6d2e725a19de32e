import { createPrefixSums } from "../util/prefix-sums.js";
import { assertTotal, assertUnitCounts } from "../util/unit-index.js";
import type { Permutation } from "./permutation.js";
import type { UnitCounts } from "./types.js";

/** The records of all units laid end to end in a permuted order of the units. */
export interface Line {
  /** Records in the first `units` permuted units. */
  recordsBefore(units: number): number;
  /** Which permuted unit (its position, not its number) the record at `offset` of the line belongs to. */
  unitAt(offset: number): number;
}

const UNITS_PER_SAMPLE = 1024;

/**
 * The line of `counts` under `order`. Where all units but the last hold the same number both questions have a closed form; else one pass over the counts
 * keeps a prefix sum per 1,024 units (78 KB at 10^7 units) and a question walks from the nearest one.
 *
 * @throws RangeError when the counts do not agree with each other or with `order`.
 */
export function createLine(counts: UnitCounts, order: Permutation): Line {
  assertUnitCounts(counts);
  if (order.length !== counts.units) {
    throw new RangeError(`order must permute ${counts.units} units, got ${order.length}`);
  }
  return "perUnit" in counts ? createClosedForm(counts, order) : createSampledLine(counts, order);
}

/** Full units everywhere, save that the short one, the last as stored, stands at `short`. */
function createClosedForm(counts: Extract<UnitCounts, { perUnit: number }>, order: Permutation): Line {
  const { units, total, perUnit } = counts;
  const missing = units * perUnit - total;
  const short = order.positionOf(units - 1);
  return {
    recordsBefore: (before) => before * perUnit - (before > short ? missing : 0),
    unitAt(offset) {
      const isPastShort = offset >= (short + 1) * perUnit - missing;
      return Math.floor((isPastShort ? offset + missing : offset) / perUnit);
    },
  };
}

function createSampledLine(counts: Extract<UnitCounts, { counts: unknown }>, order: Permutation): Line {
  const countAt = (position: number) => counts.counts[order.at(position)] as number; // a permutation of the array's indices
  const sums = createPrefixSums(counts.units, UNITS_PER_SAMPLE, countAt);
  assertTotal(sums.total, counts.total);
  return { recordsBefore: sums.before, unitAt: (offset) => sums.find(offset).index };
}
