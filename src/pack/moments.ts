/** Count, mean, spread and range of some numbers. Plain data. */
export interface Moments {
  readonly count: number;
  readonly mean: number;
  /** Sum of squared distances from the mean. */
  readonly squares: number;
  readonly min: number;
  readonly max: number;
}

export const NO_MOMENTS: Moments = { count: 0, mean: 0, squares: 0, min: Infinity, max: -Infinity };

/**
 * The moments of two sets together: Chan, Golub & LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979.
 * Not associative in floating point: merge in a fixed order.
 */
export function mergeMoments(a: Moments, b: Moments): Moments {
  if (a.count === 0) return b;
  if (b.count === 0) return a;
  const count = a.count + b.count;
  const distance = b.mean - a.mean;
  return {
    count,
    mean: a.mean + (distance * b.count) / count,
    squares: a.squares + b.squares + distance * distance * ((a.count * b.count) / count),
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
  };
}

/** The moments of the finite ones of `values[start], values[start + step], …`, in two passes. */
export function momentsOf(values: Float64Array, start: number, step: number): Moments {
  let count = 0;
  let sum = 0;
  let min = Infinity;
  let max = -Infinity;
  for (let i = start; i < values.length; i += step) {
    const value = values[i] ?? 0;
    if (!Number.isFinite(value)) continue;
    count++;
    sum += value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  if (count === 0) return NO_MOMENTS;
  const mean = sum / count;
  let squares = 0;
  for (let i = start; i < values.length; i += step) {
    const distance = (values[i] ?? 0) - mean;
    if (Number.isFinite(distance)) squares += distance * distance;
  }
  return { count, mean, squares, min, max };
}

/** Lanes that bytes are counted in: several tables, as increments of one counter in a row wait for each other. */
const LANES = 4;
const BYTE_VALUES = 256;

/**
 * Counts how often each byte stands in runs of bytes, by the rank of its channel: the moments of images in one pass of integers. A run is a whole
 * number of pixels of `channels` (1–4) bytes.
 */
export class ByteCounter {
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #channels: number;
  readonly #counts = new Uint32Array(LANES * BYTE_VALUES);

  /** `bytes` begin at a multiple of 4 in their buffer, as fresh ones do. */
  constructor(bytes: Uint8Array, channels: number) {
    this.#bytes = bytes;
    this.#words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    this.#channels = channels;
  }

  /** Counts the run `[start, end)`. */
  add(start: number, end: number): void {
    const whole = start % 4 === 0 && this.#channels !== 3 ? end - (end % 4) : start;
    countWords(this.#words, start >> 2, whole >> 2, this.#counts);
    const lanes = this.#channels === 3 ? 3 : LANES;
    for (let at = whole, lane = 0; at < end; at++) {
      increment(this.#counts, this.#bytes[at], lane * BYTE_VALUES);
      lane = lane + 1 === lanes ? 0 : lane + 1;
    }
  }

  /** The moments of one channel over all runs. */
  moments(channel: number): Moments {
    let [count, sum, squareSum, min, max] = [0, 0, 0, Infinity, -Infinity];
    for (let i = 0; i < this.#counts.length; i++) {
      const n = this.#counts[i] ?? 0;
      const value = i % BYTE_VALUES;
      if (n === 0 || Math.floor(i / BYTE_VALUES) % this.#channels !== channel) continue;
      count += n;
      sum += n * value;
      squareSum += n * value * value;
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
    return count === 0 ? NO_MOMENTS : { count, mean: sum / count, squares: squareSum - (sum * sum) / count, min, max };
  }
}

/** Four bytes at a time, each in a table of its own. */
function countWords(words: Uint32Array, start: number, end: number, counts: Uint32Array): void {
  for (let i = start; i < end; i++) {
    const word = words[i] as number; // inside the array by the bounds
    increment(counts, word & 255);
    increment(counts, (word >>> 8) & 255, BYTE_VALUES);
    increment(counts, (word >>> 16) & 255, 2 * BYTE_VALUES);
    increment(counts, word >>> 24, 3 * BYTE_VALUES);
  }
}

function increment(counts: Uint32Array, value: number | undefined, lane = 0): void {
  // Both are inside their arrays by the bounds above; the casts spare two defaults for every byte of an image.
  const at = lane + (value as number);
  counts[at] = (counts[at] as number) + 1;
}
