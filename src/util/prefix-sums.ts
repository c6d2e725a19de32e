/** Sums over the fronts of a list of counts. */
export interface PrefixSums {
  /** Sum of all counts. */
  readonly total: number;
  /** Sum of the counts in `[0, index)`. */
  before(index: number): number;
  /** The index whose count covers `offset`, and the sum before that index. `offset` is in `[0, total)`. */
  find(offset: number): { readonly index: number; readonly before: number };
}

/** Prefix sums of `length` counts in little memory: one sum is kept per `every` counts, made in one pass, and answers walk from there. */
export function createPrefixSums(length: number, every: number, countAt: (index: number) => number): PrefixSums {
  // One at least: no counts sum to 0.
  const samples = new Float64Array(Math.max(1, Math.ceil(length / every)));
  let total = 0;
  for (let index = 0; index < length; index++) {
    if (index % every === 0) samples[index / every] = total;
    total += countAt(index);
  }

  return {
    total,
    before(index) {
      const sample = Math.min(Math.floor(index / every), samples.length - 1);
      let sum = samples[sample] as number; // in bounds by the line above
      for (let at = sample * every; at < index; at++) sum += countAt(at);
      return sum;
    },
    find(offset) {
      const sample = lastAtMost(samples, offset, Math.floor((offset / total) * samples.length));
      let index = sample * every;
      let before = samples[sample] as number; // lastAtMost gives an index of `samples`
      for (let count = countAt(index); before + count <= offset; count = countAt(index)) {
        before += count;
        index++;
      }
      return { index, before };
    },
  };
}

/**
 * Index of the last element `<= value` of ascending `sorted`, whose first is. Gallops from `guess` before it bisects: where counts are much alike the guess
 * is next to the answer.
 */
function lastAtMost(sorted: Float64Array, value: number, guess: number): number {
  let low = Math.min(guess, sorted.length - 1);
  let high = low + 1;
  // Every index below is inside `sorted`.
  for (let step = 1; (sorted[low] as number) > value; step *= 2) {
    high = low;
    low = Math.max(0, low - step);
  }
  for (let step = 1; high < sorted.length && (sorted[high] as number) <= value; step *= 2) {
    low = high;
    high = Math.min(sorted.length, high + step);
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if ((sorted[middle] as number) <= value) low = middle;
    else high = middle;
  }
  return low;
}
