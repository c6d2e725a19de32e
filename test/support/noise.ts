const CHUNK_BYTES = 2 ** 20;

/** Bytes that no codec shrinks, the same for the same seed, in chunks of 1 MiB. */
export function* noise(lengthBytes: number, seed = 1): Generator<Uint8Array> {
  let state = seed;
  for (let done = 0; done < lengthBytes; done += CHUNK_BYTES) {
    const words = new Uint32Array(CHUNK_BYTES / 4);
    for (let i = 0; i < words.length; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      words[i] = Math.imul(state ^ (state >>> 15), 2_246_822_519);
    }
    yield new Uint8Array(words.buffer);
  }
}
