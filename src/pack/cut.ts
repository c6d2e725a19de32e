import { MAX_RAW_BLOCK_BYTES } from "../core/format/limits.js";
import { HexzError } from "../errors.js";

/** Where blocks end. */
export type CutRecipe =
  /** Every `records` records; where undefined, as many as fill `targetBytes` at the mean size of the first. */
  | { readonly cut: "fixed"; readonly targetBytes: number; readonly records: number | undefined }
  /** Where the content says so (FORMAT.md 6.4), within bounds. */
  | {
      readonly cut: "content";
      readonly smallestBytes: number;
      readonly targetBytes: number;
      readonly largestBytes: number;
    };

/** A block being filled, its last record included. */
export interface OpenBlock {
  /** Records in it. */
  readonly count: number;
  /** Its raw bytes. */
  readonly rawBytes: number;
  /** Raw bytes of the last record. */
  readonly recordBytes: number;
  /** Number of the last record in the snapshot. */
  readonly record: number;
  /** Low 32 bits of the last record's hash; only asked where the answer depends on it. */
  readonly hash: () => number;
}

/** Whether the block ends, and on which side of the last record. */
export type Cut = "none" | "before" | "after";

/** Decides cuts, one record after the other. */
export type Cutter = (block: OpenBlock) => Cut;

/** A content-defined cut: a quarter of the target at least, four times as much at most. */
export function contentCut(targetBytes: number): CutRecipe & { cut: "content" } {
  return { cut: "content", smallestBytes: Math.floor(targetBytes / 4), targetBytes, largestBytes: targetBytes * 4 };
}

/**
 * A cutter for one run of records. After `before` the last record alone is the new block: ask again for it.
 *
 * The content-defined rule gives each record the chance `size / (target − smallest)` to end its block, so blocks exceed `smallest` by
 * `target − smallest` bytes on average, and it looks at nothing but the record, so equal runs of records are cut alike.
 *
 * @throws HexzError `E_LIMIT` for a record, or a fixed number of records, that no block can hold.
 */
export function createCutter(recipe: CutRecipe): Cutter {
  const decide = recipe.cut === "fixed" ? createFixedCutter(recipe) : createContentCutter(recipe);
  return (block) => {
    if (block.rawBytes > MAX_RAW_BLOCK_BYTES && (block.count === 1 || recipe.cut === "fixed")) throw tooLarge(block);
    return decide(block);
  };
}

function createContentCutter({ smallestBytes, targetBytes, largestBytes }: CutRecipe & { cut: "content" }): Cutter {
  const spread = targetBytes - smallestBytes;
  return ({ count, rawBytes, recordBytes, hash }) => {
    if (rawBytes > largestBytes && count > 1) return "before";
    if (rawBytes >= largestBytes) return "after";
    if (rawBytes < smallestBytes) return "none";
    return hash() < Math.floor((2 ** 32 * recordBytes) / spread) ? "after" : "none";
  };
}

function createFixedCutter({ targetBytes, records }: CutRecipe & { cut: "fixed" }): Cutter {
  let perBlock = records;
  let total = 0;
  return ({ count, recordBytes }) => {
    if (perBlock === undefined) {
      total += recordBytes;
      if (total <= targetBytes) return "none";
      perBlock = recordsThatFill(targetBytes, count - 1, total - recordBytes);
      if (count > perBlock) return "before";
    }
    return count >= perBlock ? "after" : "none";
  };
}

/** Records per block at the mean size of the first `count` records, which have `bytes` bytes and fit the target. */
function recordsThatFill(targetBytes: number, count: number, bytes: number): number {
  return count === 0 ? 1 : Math.floor((targetBytes * count) / bytes);
}

function tooLarge({ count, rawBytes, recordBytes, record }: OpenBlock): HexzError {
  const context = { record, bytes: recordBytes, limit: MAX_RAW_BLOCK_BYTES };
  const message =
    count === 1
      ? `record ${record} has ${recordBytes} bytes, a block holds at most ${MAX_RAW_BLOCK_BYTES}; split the record`
      : `record ${record} (${recordBytes} bytes) takes its block of ${count} records to ${rawBytes} bytes, at most ${MAX_RAW_BLOCK_BYTES} are allowed; lower options.blockRecords`;
  return new HexzError("E_LIMIT", message, { context });
}
