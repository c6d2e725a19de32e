import { assertInteger } from "../util/options.js";
import { type Key, mix32 } from "./hash.js";
import { assertFill } from "./order.js";
import { createRandom } from "./random.js";

/** A one-to-one map of `[0, length)` onto itself, asked both ways. */
export interface Permutation {
  readonly length: number;
  /** The value at `position`. @throws RangeError outside `[0, length)` */
  at(position: number): number;
  /** Where `value` stands: `at(positionOf(value)) === value`. @throws RangeError outside `[0, length)` */
  positionOf(value: number): number;
  /** Writes the values at `start, start + stride, …` into `target`, filling it. @throws RangeError outside `[0, length)` */
  fill(start: number, stride: number, target: Float64Array): void;
}

const TABLE_LENGTH_LIMIT = 2 ** 16;
const ROUNDS = 8;

/**
 * A pseudo-random permutation of `length` values (1 to 2^53 − 1), fixed by `key`. A shuffled table below 2^16, where it is small and a few
 * Feistel rounds are not yet random; above, O(1) memory.
 *
 * @example
 * ```ts
 * const order = createPermutation(1_000_000, deriveKey(seed, epoch));
 * order.positionOf(order.at(41)); // 41
 * ```
 */
export function createPermutation(length: number, key: Key): Permutation {
  assertInteger("length", length, 1);
  const maps = length < TABLE_LENGTH_LIMIT ? createTable(length, key) : createFeistel(length, key);
  return {
    length,
    at: (position) => maps.at(checked(position, "position", length)),
    positionOf: (value) => maps.positionOf(checked(value, "value", length)),
    fill(start, stride, target) {
      assertFill(length, start, stride, target);
      maps.fill(start, stride, target);
    },
  };
}

/** As in `Permutation`, for arguments that were checked. */
type Maps = Omit<Permutation, "length">;

function createTable(length: number, key: Key): Maps {
  const values = new Uint16Array(length).map((_, index) => index);
  createRandom(key).shuffle(values, length);
  let positions: Uint16Array | undefined;
  return {
    at: (position) => values[position] as number, // checked by the caller
    positionOf(value) {
      positions ??= inverse(values);
      return positions[value] as number; // checked by the caller
    },
    fill(start, stride, target) {
      for (let index = 0; index < target.length; index++) target[index] = values[start + index * stride] as number; // checked by the caller
    },
  };
}

function inverse(values: Uint16Array): Uint16Array {
  const positions = new Uint16Array(values.length);
  values.forEach((value, position) => {
    positions[value] = position;
  });
  return positions;
}

/**
 * An alternating unbalanced Feistel network (Luby and Rackoff 1988; Schneier and Kelsey 1996) over the smallest power of two that holds
 * `length`, with cycle walking (Black and Rogaway 2002): a result outside is mapped again until it falls inside, which takes fewer
 * than two turns on average. The halves have at most 27 and 26 bits, so the rounds are 32-bit operations and the join is exact.
 */
function createFeistel(length: number, key: Key): Maps {
  const bits = bitLength(length - 1);
  const halves = { length, leftBits: bits - (bits >> 1), rightBits: bits >> 1, keys: roundKeys(key) };
  return bits <= 31 ? createNarrowFeistel(halves) : createWideFeistel(halves);
}

interface Halves {
  readonly length: number;
  readonly leftBits: number;
  readonly rightBits: number;
  readonly keys: Int32Array;
}

/** At most 2^31 values: split, rounds and join are all 32-bit operations, in half the time of the wide form. */
function createNarrowFeistel({ length, leftBits, rightBits, keys }: Halves): Maps {
  const rightMask = (1 << rightBits) - 1;
  const leftMask = (1 << leftBits) - 1;

  function encrypt(index: number): number {
    let left = index >>> rightBits;
    let right = index & rightMask;
    for (let round = 0; round < ROUNDS; round += 2) {
      left ^= mix32(right ^ (keys[round] as number)) & leftMask; // there are ROUNDS keys
      right ^= mix32(left ^ (keys[round + 1] as number)) & rightMask;
    }
    return (left << rightBits) | right;
  }

  function decrypt(index: number): number {
    let left = index >>> rightBits;
    let right = index & rightMask;
    for (let round = ROUNDS - 2; round >= 0; round -= 2) {
      right ^= mix32(left ^ (keys[round + 1] as number)) & rightMask;
      left ^= mix32(right ^ (keys[round] as number)) & leftMask;
    }
    return (left << rightBits) | right;
  }

  return createWalks(length, encrypt, decrypt);
}

function createWideFeistel({ length, leftBits, rightBits, keys }: Halves): Maps {
  const rightSize = 2 ** rightBits;
  const rightMask = rightSize - 1;
  const leftMask = 2 ** leftBits - 1;

  function encrypt(index: number): number {
    let left = Math.floor(index / rightSize);
    let right = index - left * rightSize;
    for (let round = 0; round < ROUNDS; round += 2) {
      left ^= mix32(right ^ (keys[round] as number)) & leftMask; // there are ROUNDS keys
      right ^= mix32(left ^ (keys[round + 1] as number)) & rightMask;
    }
    return left * rightSize + right;
  }

  function decrypt(index: number): number {
    let left = Math.floor(index / rightSize);
    let right = index - left * rightSize;
    for (let round = ROUNDS - 2; round >= 0; round -= 2) {
      right ^= mix32(left ^ (keys[round + 1] as number)) & rightMask;
      left ^= mix32(right ^ (keys[round] as number)) & leftMask;
    }
    return left * rightSize + right;
  }

  return createWalks(length, encrypt, decrypt);
}

function createWalks(length: number, encrypt: (index: number) => number, decrypt: (index: number) => number): Maps {
  function at(position: number): number {
    let value = encrypt(position);
    while (value >= length) value = encrypt(value);
    return value;
  }
  return {
    at,
    positionOf(value) {
      let position = decrypt(value);
      while (position >= length) position = decrypt(position);
      return position;
    },
    fill(start, stride, target) {
      for (let index = 0; index < target.length; index++) target[index] = at(start + index * stride);
    },
  };
}

function roundKeys(key: Key): Int32Array {
  const random = createRandom(key);
  return Int32Array.from({ length: ROUNDS }, () => random.uint32());
}

/** Bits needed to write `value`; not a logarithm, which is one short at some powers of two. */
function bitLength(value: number): number {
  let bits = 0;
  while (2 ** bits <= value) bits++;
  return bits;
}

/** Outside the domain a cycle need not come back into it: walking on would take hours. */
function checked(index: number, name: string, length: number): number {
  if (Number.isInteger(index) && index >= 0 && index < length) return index;
  throw new RangeError(`${name} must be an integer from 0 to ${length - 1}, got ${index}`);
}
