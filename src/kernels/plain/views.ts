import type { KernelMemory } from "../memory.js";

/** The whole memory, as bytes and as little-endian numbers at any address. */
export interface Views {
  readonly bytes: Uint8Array;
  readonly numbers: DataView;
}

/** Gives views of the memory as long as it is now. */
export function createViews(memory: KernelMemory): () => Views {
  let views = viewsOf(memory.buffer);
  return () => {
    const { buffer } = memory;
    if (views.bytes.buffer !== buffer) views = viewsOf(buffer);
    return views;
  };
}

function viewsOf(buffer: ArrayBufferLike): Views {
  return { bytes: new Uint8Array(buffer), numbers: new DataView(buffer) };
}

/** A u32 of the memory. */
export function u32(views: Views, at: number): number {
  return views.numbers.getUint32(at, true);
}
