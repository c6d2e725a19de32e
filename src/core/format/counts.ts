import { HexzError } from "../../errors.js";
import type { UnitCounts } from "../../util/unit-index.js";

/** Records per block: a constant, or one count each (FORMAT.md 5.7). */
export type BlockCounts = UnitCounts;

/**
 * Reads the raw counts column of `units` blocks that hold `total` records.
 *
 * @throws HexzError `E_CORRUPT` where it has another length or sum.
 */
export function parseCounts(bytes: Uint8Array, units: number, total: number): BlockCounts {
  const itemBytes = bytes.length / units;
  if (itemBytes !== 2 && itemBytes !== 4) throw corrupt(`${bytes.length} bytes for ${units} blocks`);
  const copy = bytes.slice();
  const counts = itemBytes === 2 ? new Uint16Array(copy.buffer) : new Uint32Array(copy.buffer);
  let sum = 0;
  for (let i = 0; i < units; i++) sum += counts[i] ?? 0;
  if (sum !== total) throw corrupt(`they sum to ${sum}, the header says ${total} records`);
  return { units, total, counts };
}

/** The raw bytes of a counts column: u16 where every count fits, else u32. Pure. */
export function serializeCounts(counts: readonly number[]): Uint8Array {
  const small = counts.every((count) => count < 2 ** 16);
  const column = small ? Uint16Array.from(counts) : Uint32Array.from(counts);
  return new Uint8Array(column.buffer);
}

/** Records in block `block`. */
export function countAt(counts: BlockCounts, block: number): number {
  if ("counts" in counts) return counts.counts[block] ?? 0;
  return Math.max(0, Math.min(counts.perUnit, counts.total - block * counts.perUnit));
}

/** The count every block but the last has (and the last no more), or 0 where there is none. */
export function constantCount(counts: readonly number[]): number {
  const first = counts[0] ?? 0;
  const last = counts.at(-1) ?? 0;
  return counts.slice(0, -1).every((count) => count === first) && last <= first ? first : 0;
}

function corrupt(what: string): HexzError {
  return new HexzError("E_CORRUPT", `the counts column is wrong: ${what}`);
}
