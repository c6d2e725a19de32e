import type { RawBlock } from "../dataset/encode.js";
import { createWorkerPool, type WorkerPool } from "../platform/index.js";
import { loadPacking, type PackedBlock, type PackRecipe, packBlock } from "./encode-block.js";

/** Encodes blocks, on threads or on this one. */
export interface BlockEncoder extends AsyncDisposable {
  /** Blocks that may be under way at once: what keeps all threads busy, and the bound of memory. */
  readonly limit: number;
  /** Takes over the block's buffer. */
  encode(block: RawBlock): Promise<PackedBlock>;
}

/** An encoder on `workers` threads; 0 is the calling thread. The blocks it gives do not depend on how many there are. */
export async function openBlockEncoder(recipe: PackRecipe, workers: number): Promise<BlockEncoder> {
  await loadPacking();
  const limit = 2 * workers + 2;
  if (workers === 0) {
    return { limit, encode: async (block) => packBlock(block, recipe), [Symbol.asyncDispose]: async () => {} };
  }
  const pool: WorkerPool<RawBlock, PackedBlock> = createWorkerPool({
    url: new URL("./encode-worker.js", import.meta.url),
    threads: workers,
    workerData: recipe,
    tasksPerThread: 2,
  });
  return {
    limit,
    encode: (block) => pool.run(block, { transfer: ownBuffer(block.raw) }),
    [Symbol.asyncDispose]: () => pool.close(),
  };
}

function ownBuffer({ buffer }: Uint8Array): ArrayBuffer[] {
  return buffer instanceof ArrayBuffer ? [buffer] : [];
}

/**
 * Encodes blocks and gives them in the order they came in. At most `encoder.limit` are under way or waiting to be taken; the input is not asked for more
 * before that.
 */
export async function* encodeInOrder(
  blocks: AsyncIterable<RawBlock>,
  encoder: BlockEncoder,
): AsyncGenerator<PackedBlock, void, undefined> {
  const underWay: Promise<PackedBlock>[] = [];
  try {
    for await (const block of blocks) {
      const result = encoder.encode(block);
      // A failure is told when its turn comes; until then it must not count as unhandled.
      result.catch(() => undefined);
      underWay.push(result);
      const oldest = underWay.length >= encoder.limit ? underWay.shift() : undefined;
      if (oldest !== undefined) yield await oldest;
    }
    for (let oldest = underWay.shift(); oldest !== undefined; oldest = underWay.shift()) yield await oldest;
  } finally {
    await Promise.allSettled(underWay);
  }
}
