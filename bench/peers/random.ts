/** xorshift32 (Marsaglia, "Xorshift RNGs", 2003): the same unsigned 32-bit integers for a seed on every machine. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

/** A permutation of 0 … count − 1 (Fisher–Yates), for the hand-written loops. */
export function shuffled(count: number, seed: number): Uint32Array {
  const random = createRandom(Math.imul(seed + 1, 0x9e3779b1));
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const j = random() % (i + 1);
    order[i] = order[j] ?? 0;
    order[j] = i;
  }
  return order;
}
