import { assertInteger } from "../util/options.js";
import { createUnitIndex, type UnitIndex } from "../util/unit-index.js";
import { assertEpoch, assertSeed } from "./check.js";
import { deriveKey, type Key } from "./hash.js";
import {
  type LaneContext,
  type LaneShape,
  laneShape,
  listRecords,
  locateWindow,
  nextWindow,
  type WindowSpan,
} from "./lane.js";
import { createLine } from "./line.js";
import { assertFill } from "./order.js";
import { createPermutation } from "./permutation.js";
import { createRandom } from "./random.js";
import type { EpochOrder, UnitCounts } from "./types.js";

export interface WindowOrderOptions {
  readonly counts: UnitCounts;
  readonly seed: number;
  readonly epoch: number;
  /** Units open at once, over all lanes; every lane has one at least. */
  readonly window: number;
  readonly lanes: number;
  /** `createUnitIndex(counts)`, where it is there already. */
  readonly index?: UnitIndex | undefined;
}

/** A lane costs a window of its own; thousands mix no better than tens. */
export const LANES_LIMIT = 65_536;

/**
 * One epoch of the windowed shuffle in staggered lanes: every record once, each unit open for a short while only.
 *
 * The units are permuted, their records laid end to end in that order, and the line cut into `lanes` parts of equal record count. Global position g is
 * index ⌊g / lanes⌋ of lane g mod lanes. A lane is shuffled a window of `window / lanes` units at a time (the remainder of that division gives the
 * first lanes one more), and lane c begins with a window of only (c + 1) / lanes of that, rounded up, so that windows change at evenly spread times.
 *
 * Each lane keeps the window it is in: reading on costs a few ns a record, a jump costs one window. So one order serves one reader; a second reader
 * at another place makes its own. With `counts.counts` the call makes one pass over all units.
 *
 * @throws TypeError, RangeError for options that are not valid or do not agree.
 * @example
 * ```ts
 * const counts = { units: 1000, total: 64_000, perUnit: 64 };
 * const order = createWindowOrder({ counts, seed: 7, epoch: 0, window: 96, lanes: 48 });
 * const firstBatch = new Float64Array(128);
 * order.fill(0, 1, firstBatch);
 * ```
 */
export function createWindowOrder(options: WindowOrderOptions): EpochOrder {
  const { counts, seed, epoch, window, lanes } = options;
  assertSeed(seed);
  assertEpoch(epoch);
  assertInteger("options.window", window, 1);
  assertInteger("options.lanes", lanes, 1, LANES_LIMIT);
  const order = createPermutation(counts.units, deriveKey(seed, epoch));
  const context = { index: options.index ?? createUnitIndex(counts), order, line: createLine(counts, order) };
  const readers = new Array<LaneReader | undefined>(lanes);
  const { total } = counts;

  function open(lane: number): LaneReader {
    const shape = laneShape(lane, lanes, total, window);
    const reader = new LaneReader(context, shape, (number) => deriveKey(seed, epoch, lane, number));
    readers[lane] = reader;
    return reader;
  }

  return {
    length: total,
    fill(start, stride, target) {
      assertFill(total, start, stride, target);
      const laneStep = stride % lanes;
      const indexStep = Math.floor(stride / lanes);
      let lane = start % lanes;
      let index = Math.floor(start / lanes);
      for (let at = 0; at < target.length; at++) {
        target[at] = (readers[lane] ?? open(lane)).recordAt(index);
        lane += laneStep;
        index += indexStep;
        if (lane >= lanes) {
          lane -= lanes;
          index++;
        }
      }
    },
  };
}

/** Reads a lane by index, holding the records of one shuffled window. */
class LaneReader {
  readonly #context: LaneContext;
  readonly #shape: LaneShape;
  readonly #keyOf: (window: number) => Key;
  #span: WindowSpan | undefined;
  /** The current window is `[#from, #to)` of the lane's indices. */
  #from = 0;
  #to = 0;
  #records: Uint32Array | Float64Array;

  constructor(context: LaneContext, shape: LaneShape, keyOf: (window: number) => Key) {
    this.#context = context;
    this.#shape = shape;
    this.#keyOf = keyOf;
    this.#records = new Uint32Array(0);
  }

  recordAt(index: number): number {
    if (index < this.#from || index >= this.#to) this.#load(index);
    return this.#records[index - this.#from] as number; // #load put `index` inside the window
  }

  #load(index: number): void {
    const span = this.#find(this.#shape.start + index);
    const size = span.end - span.start;
    this.#reserve(size);
    listRecords(this.#context, span, this.#records);
    createRandom(this.#keyOf(span.window)).shuffle(this.#records, size);
    this.#span = span;
    this.#from = span.start - this.#shape.start;
    this.#to = span.end - this.#shape.start;
  }

  /** Mostly the window after this one; a search after a jump. */
  #find(offset: number): WindowSpan {
    if (this.#span !== undefined && offset >= this.#span.end) {
      const next = nextWindow(this.#context, this.#shape, this.#span);
      if (offset < next.end) return next;
    }
    return locateWindow(this.#context, this.#shape, offset);
  }

  #reserve(size: number): void {
    if (this.#records.length >= size) return;
    this.#records = this.#context.index.total <= 2 ** 32 ? new Uint32Array(size) : new Float64Array(size);
  }
}
