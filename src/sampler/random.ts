import type { Key } from "./hash.js";

/** A seeded stream of random numbers, the same on every machine. */
export interface Random {
  /** 32 random bits, unsigned. */
  uint32(): number;
  /** An integer in `[0, limit)`, every one exactly as likely. `limit` is an integer from 1 to 2^53. */
  below(limit: number): number;
  /** A multiple of 2^-53 in `[0, 1)`. */
  float(): number;
  /** Shuffles `values[0, length)` in place, with the draws `below(length)`, `below(length - 1)`, … `below(2)`. */
  shuffle(values: Shuffled, length: number): void;
}

type Shuffled = Uint16Array | Uint32Array | Float64Array;

const WARM_UP_ROUNDS = 12;
const MAX_PRODUCT_LIMIT = 2 ** 21;
const MAX_LIMIT = 2 ** 53;

/** The generator sfc32 of Chris Doty-Humphrey (PractRand, public domain): 128 bits of state, a counter in it, so no cycle is shorter than 2^32. */
export function createRandom(key: Key): Random {
  let a = 0;
  let b = key[1] | 0;
  let c = key[0] | 0;
  let counter = 1;

  function uint32(): number {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  function uint53(): number {
    const high = uint32() >>> 5;
    return high * 2 ** 26 + (uint32() >>> 6);
  }

  /** Lemire, "Fast random integer generation in an interval" (2019): multiply, reject the few low words that would favour some results. */
  function belowByProduct(limit: number): number {
    let product = uint32() * limit;
    let low = product >>> 0;
    if (low < limit) {
      const excess = 2 ** 32 % limit;
      while (low < excess) {
        product = uint32() * limit;
        low = product >>> 0;
      }
    }
    return (product - low) / 2 ** 32;
  }

  function belowByRejection(limit: number): number {
    const fair = MAX_LIMIT - (MAX_LIMIT % limit);
    let draw = uint53();
    while (draw >= fair) draw = uint53();
    return draw % limit;
  }

  function below(limit: number): number {
    if (!(limit >= 1 && limit <= MAX_LIMIT)) throw new RangeError(`limit must be from 1 to 2^53, got ${limit}`);
    // 2^21 × 2^32 = 2^53: up to there the product of a 32-bit draw and the limit is exact in a double.
    return limit <= MAX_PRODUCT_LIMIT ? belowByProduct(limit) : belowByRejection(limit);
  }

  /** `below` and `uint32` written out on local variables: half the time, and shuffling windows is most of the time of an order. */
  function shuffleByProduct(values: Shuffled, length: number): void {
    let [p, q, r, n] = [a, b, c, counter];
    for (let last = length - 1; last > 0; last--) {
      let product: number;
      let low: number;
      do {
        const sum = (((p + q) | 0) + n) | 0;
        n = (n + 1) | 0;
        p = q ^ (q >>> 9);
        q = (r + (r << 3)) | 0;
        r = (((r << 21) | (r >>> 11)) + sum) | 0;
        product = (sum >>> 0) * (last + 1);
        low = product >>> 0;
      } while (low <= last && low < 2 ** 32 % (last + 1));
      swap(values, last, (product - low) / 2 ** 32);
    }
    [a, b, c, counter] = [p, q, r, n];
  }

  for (let round = 0; round < WARM_UP_ROUNDS; round++) uint32();
  return {
    uint32,
    below,
    float: () => uint53() / MAX_LIMIT,
    /** Fisher–Yates as Durstenfeld wrote it (CACM Algorithm 235, 1964). */
    shuffle(values, length) {
      let rest = length;
      for (; rest > MAX_PRODUCT_LIMIT; rest--) swap(values, rest - 1, below(rest));
      shuffleByProduct(values, rest);
    },
  };
}

/** Both indices are inside `values`. */
function swap(values: Shuffled, one: number, other: number): void {
  const value = values[one] as number;
  values[one] = values[other] as number;
  values[other] = value;
}
