import type { EpochOrder } from "./types.js";

/** An order given by a rule for one position. */
export function createOrder(length: number, recordAt: (position: number) => number): EpochOrder {
  return {
    length,
    fill(start, stride, target) {
      assertFill(length, start, stride, target);
      for (let index = 0; index < target.length; index++) target[index] = recordAt(start + index * stride);
    },
  };
}

/**
 * An order made a chunk at a time by `fillChunk(chunk, target)`, so that random draws, each of which follows from the one before, can still be asked
 * for at any position. Keeps the last chunk: reading on is cheap, a jump makes one chunk.
 */
export function createChunkedOrder(
  length: number,
  chunkLength: number,
  fillChunk: (chunk: number, target: Float64Array) => void,
): EpochOrder {
  const records = new Float64Array(Math.min(chunkLength, length));
  let made = -1;
  return createOrder(length, (position) => {
    const chunk = Math.floor(position / chunkLength);
    if (chunk !== made) {
      fillChunk(chunk, records);
      made = chunk;
    }
    return records[position - chunk * chunkLength] as number; // inside the chunk by construction
  });
}

/** Throws unless `start, start + stride, …` are positions of an order of `length`. */
export function assertFill(length: number, start: number, stride: number, target: Float64Array): void {
  const isWhole = Number.isSafeInteger(start) && start >= 0 && Number.isSafeInteger(stride) && stride >= 1;
  if (isWhole && (target.length === 0 || start + (target.length - 1) * stride < length)) return;
  throw new RangeError(
    `positions must lie in [0, ${length}), got ${target.length} from ${start} in steps of ${stride}: check start, stride and target.length`,
  );
}
