import { createShardPlan } from "../sampler/shard.js";
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
  /** The different blocks needed, in the order of first use. */
  readonly blocks: readonly number[];
  /** Per record: index into `blocks`. */
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
  readonly dropLast: boolean;
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
export function createPlan({ order, index, batchSize, shard, dropLast, position }: PlanOptions): Plan {
  const shares = createShardPlan({ length: order.length, batchSize, shard, dropLast, start: position });
  const stepsBefore = Math.ceil(position / (batchSize * shard.world));
  const places = createPlaces(index.units);
  let at = 0;
  return {
    stepsBefore,
    steps: shares.steps,
    next() {
      if (at === shares.steps) return undefined;
      const { first, stride, size, to } = shares.step(at);
      const { indices, blockOf, rows } = allocate(size);
      if (size > 0) order.fill(first, stride, indices);
      const blocks = locate(indices, index, places, blockOf, rows);
      return { step: stepsBefore + at++, end: to, indices, blocks, blockOf, rows };
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

/** Writes block and row of each record; returns the different blocks, in the order of first use. */
function locate(
  indices: Float64Array,
  index: UnitIndex,
  places: Places,
  blockOf: Uint32Array,
  rows: Uint32Array,
): readonly number[] {
  const blocks: number[] = [];
  for (let i = 0; i < indices.length; i++) {
    const { unit, row } = index.locate(indices[i] as number); // in bounds by the loop
    let place = places.get(unit);
    if (place === undefined) {
      place = blocks.length;
      places.set(unit, place);
      blocks.push(unit);
    }
    blockOf[i] = place;
    rows[i] = row;
  }
  places.clear();
  return blocks;
}

/** Block → its place in the step at hand. */
interface Places {
  get(block: number): number | undefined;
  set(block: number, place: number): void;
  clear(): void;
}

/** Up to here two numbers per block are cheaper than a map: 32 MiB at most. */
const MAX_TABLE_BLOCKS = 2 ** 22;

function createPlaces(blocks: number): Places {
  if (blocks > MAX_TABLE_BLOCKS) return new Map();
  const place = new Uint32Array(blocks);
  const stepOf = new Uint32Array(blocks);
  let step = 1;
  return {
    get: (block) => (stepOf[block] === step ? place[block] : undefined),
    set(block, at) {
      place[block] = at;
      stepOf[block] = step;
    },
    clear() {
      step++;
    },
  };
}
