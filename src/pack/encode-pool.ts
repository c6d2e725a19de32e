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

/** Blocks of up to this many bytes, the largest of the default cut, are encoded here while the threads start; larger ones would hold up the caller. */
const MAX_BYTES_HERE = 512 * 1024;

/**
 * An encoder on `workers` threads; 0 is the calling thread. The blocks it gives do not depend on how many there are. A thread takes about 100 ms to start and
 * to load its codecs, in which the calling thread encodes dozens of blocks: until the first one is up, it does.
 */
export async function openBlockEncoder(recipe: PackRecipe, workers: number): Promise<BlockEncoder> {
  await loadPacking();
  const limit = 2 * workers + 2;
  const encodeHere = async (block: RawBlock) => packBlock(block, recipe);
  if (workers === 0) return { limit, encode: encodeHere, [Symbol.asyncDispose]: async () => {} };
  const pool: WorkerPool<RawBlock, PackedBlock> = createWorkerPool({
    url: new URL("./encode-worker.js", import.meta.url),
    threads: workers,
    workerData: recipe,
    tasksPerThread: 2,
  });
  let isStarting = true;
  const started = () => {
    isStarting = false;
  };
  // Whoever answers to an empty block is up. Threads that cannot start say so with the next block.
  pool.run({ raw: new Uint8Array(0), count: 0 }).then(started, started);
  return {
    limit,
    encode: (block) =>
      isStarting && block.raw.length <= MAX_BYTES_HERE
        ? encodeHere(block)
        : pool.run(block, { transfer: ownBuffer(block.raw) }),
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
