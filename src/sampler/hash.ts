/** 64 well mixed bits as two unsigned 32-bit words. */
export type Key = readonly [number, number];

const C1 = 0x239b961b;
const C2 = 0xab0e9789;

/** MurmurHash3's 32-bit finaliser (Austin Appleby, public domain): a bijection in which every input bit reaches every output bit. */
export function mix32(word: number): number {
  let x = word;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Takes 64-bit words one after the other; `key()` mixes what it has seen, the number of words included. */
interface Hasher {
  add(low: number, high: number): void;
  key(): Key;
}

/**
 * Two coupled 32-bit states, each step and the finish in the manner of MurmurHash3_x86_128 (Austin Appleby, public domain). For one word the
 * whole is a bijection of 64 bits.
 */
function createHasher(): Hasher {
  let a = 0;
  let b = 0;
  let words = 0;
  return {
    add(low, high) {
      a ^= Math.imul(rotate(Math.imul(low, C1), 15), C2);
      a = (Math.imul((rotate(a, 19) + b) | 0, 5) + 0x561ccd1b) | 0;
      b ^= Math.imul(rotate(Math.imul(high, C2), 16), C1);
      b = (Math.imul((rotate(b, 17) + a) | 0, 5) + 0x0bcaa747) | 0;
      words++;
    },
    key() {
      const x = ((a ^ words) + (b ^ words)) | 0;
      const y = mix32(((b ^ words) + x) | 0);
      const high = (mix32(x) + y) >>> 0;
      return [high, (y + high) >>> 0];
    },
  };
}

/**
 * A key from any safe integers, as `deriveKey(seed, epoch, lane, window)`. Both halves, the sign, the order and the number of arguments count, so
 * that, unlike with `seed + epoch`, (seed 1, epoch 1) and (seed 2, epoch 0) have nothing in common.
 *
 * @throws RangeError for a number that is not a safe integer.
 */
export function deriveKey(...numbers: readonly number[]): Key {
  const hasher = createHasher();
  for (const number of numbers) {
    if (!Number.isSafeInteger(number)) throw new RangeError(`a key is made of safe integers, got ${number}`);
    hasher.add(number >>> 0, Math.floor(number / 2 ** 32) >>> 0);
  }
  return hasher.key();
}

/**
 * 16 hex digits that tell one list of numbers from another (by accident, not by attack): the bits of each as a double and their order count, not the kind of
 * array they are in.
 */
export function fingerprint(values: ArrayLike<number>): string {
  const hasher = createHasher();
  const view = new DataView(new ArrayBuffer(8));
  for (let index = 0; index < values.length; index++) {
    view.setFloat64(0, values[index] as number, true); // in bounds by the loop
    hasher.add(view.getUint32(0, true), view.getUint32(4, true));
  }
  return hasher
    .key()
    .map((word) => word.toString(16).padStart(8, "0"))
    .join("");
}

/** The same for a text, by its UTF-16 code units. */
export function fingerprintText(text: string): string {
  return fingerprint(Uint16Array.from({ length: text.length }, (_, index) => text.charCodeAt(index)));
}

function rotate(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}
