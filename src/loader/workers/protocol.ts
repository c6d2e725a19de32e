import type { BlockRecipe } from "../../core/blocks.js";
import type { BlockEntry } from "../../core/format/block-page.js";
import type { MemoryHandle, NumberType } from "../../kernels/index.js";
import type { PlainError } from "../../util/error-transfer.js";

/** What a thread is started with. */
export interface ThreadSetup {
  readonly recipe: BlockRecipe;
  readonly memory: MemoryHandle;
  /** Raw bytes of the largest block. */
  readonly maxRawBytes: number;
}

/** One block to decode: its entry, where its raw bytes go, and where its stored bytes are if they were fetched already. Places are addresses in the arena. */
export interface DecodeJob {
  readonly entry: BlockEntry;
  readonly target: number;
  /** Absent where the thread reads them from the descriptor. */
  readonly stored?: number;
}

/** Blocks to read, check and decode. */
export interface DecodeTask {
  readonly kind: "decode";
  /** The snapshot's file, open in this process; absent where all jobs bring their stored bytes. */
  readonly descriptor: number | undefined;
  readonly jobs: readonly DecodeJob[];
}

/**
 * How one field of a batch is made from rows; `offset` is that of the field in its row, `to` that of the result in the batch. All of it is the same for every batch of a loader.
 */
export type FieldGather =
  | { readonly kind: "bytes"; readonly offset: number; readonly valueBytes: number; readonly to: number }
  | { readonly kind: "validity"; readonly offset: number; readonly bit: number; readonly to: number }
  | { readonly kind: "items"; readonly offset: number; readonly itemBytes: number; readonly to: number }
  | {
      readonly kind: "cast";
      readonly offset: number;
      readonly elements: number;
      readonly type: NumberType;
      readonly result: "float32" | "float16";
      /** Where two tables of `period` f32 stand in the batch. */
      readonly scale: number;
      readonly bias: number;
      readonly period: number;
      readonly to: number;
    }
  | {
      readonly kind: "oneHot";
      readonly offset: number;
      readonly type: NumberType;
      readonly classes: number;
      readonly result: "float32" | "uint8";
      readonly to: number;
    };

/** One batch to gather. */
export interface GatherJob {
  /** Rows. */
  readonly count: number;
  /** Address of `count` u32 row addresses. */
  readonly rows: number;
  /** Address of `count` u32 addresses of the blocks of these rows; 0 where no field has items. */
  readonly bases: number;
  /** Address of the batch: what `to` counts from. */
  readonly at: number;
  /** Where in the batch the values of fields with items may stand: `[itemsAt, bytes)`. */
  readonly itemsAt: number;
  /** Bytes of the batch. */
  readonly bytes: number;
}

/** Batches to gather from decoded blocks. */
export interface GatherTask {
  readonly kind: "gather";
  readonly fields: readonly FieldGather[];
  readonly jobs: readonly GatherJob[];
}

/** What became of one {@link GatherJob}. */
export interface Gathered {
  /** For each field with items, in order: where its values begin in the batch. */
  readonly starts: readonly number[];
  /** Bytes the batch needs; where that is more than it has, its items are not there. */
  readonly neededBytes: number;
}

export type LoaderTask = DecodeTask | GatherTask;

/** What the calling thread sends: a message and its answer cost as much as several blocks, so tasks travel together. */
export interface TaskPackage {
  readonly tasks: readonly LoaderTask[];
  /** Address of room to decode in, nobody else's meanwhile. */
  readonly scratch: number;
}

/** What became of one task, and how long it took. */
export type Outcome = { readonly ms: number } & (
  | { readonly gathered: readonly Gathered[] }
  | { readonly error: PlainError }
);
