import type { Random } from "./random.js";

/** A line of records cut into batches, one of which is short where the records do not make full ones. */
export interface ShortLine {
  /** Full batches. */
  readonly full: number;
  /** Numbers of all batches of the line, the short one last. */
  readonly fullFirst: readonly number[];
  /** Where batch `number` of the line is: records `[from, to)`. */
  cut(number: number): { readonly from: number; readonly to: number };
}

/** Cuts a line of `length` records into batches. Which of them is short is drawn: at an end it would always be of the shortest or the longest records. */
export function createShortLine(length: number, batchSize: number, random: Random): ShortLine {
  const full = Math.floor(length / batchSize);
  const missing = (batchSize - (length % batchSize)) % batchSize;
  const short = missing === 0 ? full : random.below(full + 1);
  const before = (number: number) => number * batchSize - (number > short ? missing : 0);
  const numbers = Array.from({ length: full + (missing === 0 ? 0 : 1) }, (_, number) => number);
  return {
    full,
    fullFirst: numbers.filter((number) => number !== short).concat(missing === 0 ? [] : [short]),
    cut: (number) => ({ from: before(number), to: before(number + 1) }),
  };
}
