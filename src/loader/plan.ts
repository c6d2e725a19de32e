import { createShardPlan, fillStep, type ShardTail } from "../sampler/shard.js";
import type { EpochOrder, Shard } from "../sampler/types.js";
import type { UnitIndex } from "../util/unit-index.js";

/** One batch of one rank, as numbers: which records, in which blocks, at which rows. */
export interface Step {
  /** From the start of the epoch. */
  readonly step: number;
  /** Global position after this step: what a state saved after it says. */
  readonly end: number;
  /** Record numbers, in the order of the batch. */
  readonly indices: Float64Array;
  /** How many of them, the last ones, fill the step up and stand elsewhere in the epoch as well. */
  readonly padded: number;
  /** The different blocks needed, in the order of first use. */
  readonly blocks: readonly number[];
  /** Per record: its block. */
  readonly blockOf: Uint32Array;
  /** Per record: row within its block. */
  readonly rows: Uint32Array;
}

export interface PlanOptions {
  readonly order: EpochOrder;
  /** Records → blocks. */
  readonly index: UnitIndex;
  /** Records per step and rank. */
  readonly batchSize: number;
  readonly shard: Shard;
  /** What becomes of a last step that is not full. */
  readonly tail: ShardTail;
  /** Global position to begin at. */
  readonly position: number;
}

/** The rest of an epoch as seen by one rank. */
export interface Plan {
  /** Steps of the epoch before `position`. */
  readonly stepsBefore: number;
  /** Steps from `position` to the end; the same on every rank. */
  readonly steps: number;
  /** The steps in order, made when asked for. */
  next(): Step | undefined;
}

/** Turns an order into the steps of one rank: which blocks, by when, into which batch. Pure numbers, no I/O. */
export function createPlan({ order, index, batchSize, shard, tail, position }: PlanOptions): Plan {
  const shares = createShardPlan({ length: order.length, batchSize, shard, tail, start: position });
  const stepsBefore = Math.ceil(position / (batchSize * shard.world));
  const isNew = createNovelty(index.units);
  let at = 0;
  return {
    stepsBefore,
    steps: shares.steps,
    next() {
      if (at === shares.steps) return undefined;
      const share = shares.step(at);
      const { indices, blockOf, rows } = allocate(share.size);
      fillStep(order, share, indices);
      index.locateMany(indices, blockOf, rows);
      return {
        step: stepsBefore + at++,
        end: share.to,
        padded: share.padded,
        indices,
        blocks: distinct(blockOf, isNew),
        blockOf,
        rows,
      };
    },
  };
}

/** The arrays of a step, in one piece of memory: many small ones keep the garbage collector busy. */
function allocate(size: number): Pick<Step, "indices" | "blockOf" | "rows"> {
  const memory = new ArrayBuffer(size * 16);
  return {
    indices: new Float64Array(memory, 0, size),
    blockOf: new Uint32Array(memory, size * 8, size),
    rows: new Uint32Array(memory, size * 12, size),
  };
}

function distinct(blockOf: Uint32Array, isNew: Novelty): readonly number[] {
  const blocks: number[] = [];
  isNew.begin();
  for (let i = 0; i < blockOf.length; i++) {
    const block = blockOf[i] as number; // in bounds by the loop
    if (isNew.see(block)) blocks.push(block);
  }
  return blocks;
}

/** Tells whether a block is seen for the first time since `begin`. */
interface Novelty {
  begin(): void;
  see(block: number): boolean;
}

/** Up to here a number per block is cheaper than a set: 16 MiB at most. */
const MAX_TABLE_BLOCKS = 2 ** 22;

function createNovelty(blocks: number): Novelty {
  return blocks > MAX_TABLE_BLOCKS ? createSetNovelty() : createTableNovelty(blocks);
}

function createSetNovelty(): Novelty {
  const seen = new Set<number>();
  return {
    begin: () => seen.clear(),
    see(block) {
      const { size } = seen;
      return seen.add(block).size > size;
    },
  };
}

function createTableNovelty(blocks: number): Novelty {
  const lastSeen = new Uint32Array(blocks);
  let now = 0;
  return {
    begin() {
      now++;
    },
    see(block) {
      if (lastSeen[block] === now) return false;
      lastSeen[block] = now;
      return true;
    },
  };
}
