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

/** Writes the records of chunk `chunk` to the front of `target`; those past the end of the order are not read. */
export type FillChunk = (chunk: number, target: Float64Array) => void;

/**
 * An order made a chunk at a time by `fillChunk(chunk, target)`, so that random draws, each of which follows from the one before, can still be asked
 * for at any position. Keeps the last chunk: reading on is cheap, a jump makes one chunk.
 */
export function createChunkedOrder(length: number, chunkLength: number, fillChunk: FillChunk): EpochOrder {
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

/**
 * An order that goes through `passLength` positions again and again. `fillPass(pass, start, stride, target)` fills positions of one pass, `start` counted from
 * its beginning; a fill that reaches over the end of a pass becomes one call for each.
 */
export function createPassOrder(
  length: number,
  passLength: number,
  fillPass: (pass: number, start: number, stride: number, target: Float64Array) => void,
): EpochOrder {
  return {
    length,
    fill(start, stride, target) {
      assertFill(length, start, stride, target);
      let filled = 0;
      while (filled < target.length) {
        const position = start + filled * stride;
        const pass = Math.floor(position / passLength);
        const from = position - pass * passLength;
        const count = Math.min(target.length - filled, Math.ceil((passLength - from) / stride));
        fillPass(pass, from, stride, count === target.length ? target : target.subarray(filled, filled + count));
        filled += count;
      }
    },
  };
}

/** Throws unless `start, start + stride, …` are positions of an order of `length`. */
export function assertFill(length: number, start: number, stride: number, target: Float64Array): void {
  const isWhole = Number.isSafeInteger(start) && start >= 0 && Number.isSafeInteger(stride) && stride >= 1;
  if (isWhole && (target.length === 0 || start + (target.length - 1) * stride < length)) return;
  throw new RangeError(
    `positions must lie in [0, ${length}), got ${target.length} from ${start} in steps of ${stride}: check start, stride and target.length`,
  );
}
