import { deriveKey } from "./hash.js";
import type { FillChunk } from "./order.js";
import { createPermutation } from "./permutation.js";
import { createRandom } from "./random.js";
import { createShortLine, type ShortLine } from "./short-line.js";

export interface WindowBatchesOptions {
  /** By record. */
  readonly lengths: Uint32Array;
  readonly seed: number;
  readonly epoch: number;
  /** Records in a batch. */
  readonly globalBatch: number;
  /** Batches sorted together. */
  readonly window: number;
}

interface SortedWindow {
  readonly number: number;
  readonly records: Uint32Array;
  readonly line: ShortLine;
  /** The batches of the line in the order they are read in; a short one is last. */
  readonly order: Uint32Array;
}

/** Batches of a permutation that is sorted by length a window at a time. Keeps the last window. */
export function createWindowBatches(options: WindowBatchesOptions): FillChunk {
  const { lengths, seed, epoch, globalBatch, window } = options;
  const permutation = createPermutation(lengths.length, deriveKey(seed, epoch));
  let current: SortedWindow | undefined;

  function open(number: number): SortedWindow {
    const start = number * window * globalBatch;
    const drawn = new Float64Array(Math.min(window * globalBatch, lengths.length - start));
    permutation.fill(start, 1, drawn);
    const random = createRandom(deriveKey(seed, epoch, number));
    const line = createShortLine(drawn.length, globalBatch, random);
    const order = Uint32Array.from(line.fullFirst);
    random.shuffle(order, line.full);
    return { number, records: sortByLength(drawn, lengths), line, order };
  }

  return (batch, target) => {
    const number = Math.floor(batch / window);
    if (current?.number !== number) current = open(number);
    const { records, line, order } = current;
    const { from, to } = line.cut(order[batch - number * window] as number); // one entry a batch of the window
    target.set(records.subarray(from, to));
  };
}

/** The records by rising length, equal ones in the order they are drawn in. One number holds length and place: sorting numbers needs no comparison function. */
function sortByLength(drawn: Float64Array, lengths: Uint32Array): Uint32Array {
  const size = drawn.length;
  const keys = drawn.map((record, place) => (lengths[record] as number) * size + place); // records are indices of `lengths`
  return Uint32Array.from(keys.sort(), (key) => drawn[key % size] as number); // a remainder is below the size
}
