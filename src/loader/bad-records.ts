import { HexzError, isHexzError } from "../errors.js";
import { assertInteger, show } from "../util/options.js";
import type { Step } from "./plan.js";

/** Records of a step that cannot be read. */
export interface BadRecords {
  readonly epoch: number;
  readonly step: number;
  readonly block: number;
  /** Their numbers. */
  readonly records: readonly number[];
  readonly error: unknown;
}

/** What to do about them: a function decides each time. */
export type OnError = "raise" | "skip" | ((bad: BadRecords) => "raise" | "skip");

/** @throws TypeError, RangeError naming the option. */
export function assertOnError(onError: unknown, maxSkippedRecords: number): asserts onError is OnError {
  if (onError !== "raise" && onError !== "skip" && typeof onError !== "function")
    throw new TypeError(`options.onError must be "raise", "skip" or a function, got ${show(onError)}`);
  assertInteger("options.maxSkippedRecords", maxSkippedRecords, 0, Number.MAX_SAFE_INTEGER);
}

/** Counts what one epoch skips and ends it at the limit. */
export class BadRecordPolicy {
  readonly #onError: OnError;
  readonly #limit: number;
  #skipped = 0;

  constructor(onError: OnError, limit: number) {
    this.#onError = onError;
    this.#limit = limit;
  }

  get skippedRecords(): number {
    return this.#skipped;
  }

  /**
   * Returns where the records are to be skipped. `"skip"` is for damaged blocks only: what could not be fetched may be there the next time.
   *
   * @throws the error itself where it is to be raised; HexzError `E_LIMIT` where too many were skipped.
   */
  accept(bad: BadRecords): void {
    const isDamage = isHexzError(bad.error, "E_BLOCK_CORRUPT");
    const verdict = typeof this.#onError === "function" ? this.#onError(bad) : isDamage ? this.#onError : "raise";
    if (verdict !== "skip") throw bad.error;
    this.#skipped += bad.records.length;
    if (this.#skipped <= this.#limit) return;
    const message = `epoch ${bad.epoch} has skipped ${this.#skipped} records, options.maxSkippedRecords allows ${this.#limit}; restore the file from a good copy`;
    throw new HexzError("E_LIMIT", message, {
      context: { skipped: this.#skipped, limit: this.#limit },
      cause: bad.error,
    });
  }
}

/** The numbers of a step's records that lie in `block`. */
export function recordsIn({ indices, blockOf }: Step, block: number): number[] {
  return Array.from(indices).filter((_, i) => blockOf[i] === block);
}

/** The step without the records of some blocks: it may be empty, but it stays a step, so that all ranks have the same number of them. */
export function without(step: Step, bad: ReadonlySet<number>): Step {
  const kept = Array.from(step.blockOf.keys()).filter((i) => !bad.has(step.blockOf[i] as number)); // in bounds by keys()
  return {
    ...step,
    indices: Float64Array.from(kept, (i) => step.indices[i] as number),
    blockOf: Uint32Array.from(kept, (i) => step.blockOf[i] as number),
    rows: Uint32Array.from(kept, (i) => step.rows[i] as number),
    blocks: step.blocks.filter((block) => !bad.has(block)),
    padded: kept.filter((i) => i >= step.indices.length - step.padded).length,
  };
}
