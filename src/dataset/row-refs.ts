import { HexzError } from "../errors.js";

/** The rows of a batch, by where they lie. */
export interface RowRefs {
  /** Rows in the batch: the first `size` entries of the arrays below. */
  readonly size: number;
  /** Raw bytes of decoded blocks; may be views of shared memory, fastest at offsets that are multiples of 16. */
  readonly blocks: readonly Uint8Array[];
  /** Index into `blocks`, per batch row. */
  readonly blockOf: Uint32Array;
  /** Row within that block, per batch row. */
  readonly rows: Uint32Array;
}

/** Larger buffers are seen block by block, so that positions in them stay small integers. */
const MAX_WHOLE_BUFFER_BYTES = 2 ** 31 - 1;

/**
 * {@link RowRefs} whose rows were checked to lie inside their blocks (a typed array read past its end gives a silent zero), seen as rows of few large
 * sources: a view of each buffer rather than of each block, because views cost more than the rows of a batch of small records.
 */
export class BatchRows {
  readonly size: number;
  readonly blockOf: Uint32Array;
  /** As given, but at offsets that are multiples of 4. */
  readonly blocks: readonly Uint8Array[];
  /** The buffers that hold the blocks. */
  readonly sources: readonly Uint8Array[];
  /** Index into `sources`, per batch row. */
  readonly sourceOf: Uint32Array;
  /** Byte of the source where the row begins, per batch row. */
  readonly starts: Uint32Array;
  #shorts: Uint16Array[] | undefined;
  #words: Uint32Array[] | undefined;

  constructor(refs: RowRefs, strideBytes: number) {
    const { size, blockOf, rows } = refs;
    if (blockOf.length < size || rows.length < size) {
      throw new RangeError(
        `refs.blockOf and refs.rows must have ${size} entries, got ${blockOf.length}, ${rows.length}`,
      );
    }
    this.size = size;
    this.blockOf = blockOf;
    this.blocks = aligned(refs.blocks);
    const { sources, sourceOfBlock } = findSources(this.blocks);
    this.sources = sources;
    this.sourceOf = new Uint32Array(size);
    this.starts = new Uint32Array(size);
    this.#locate(rows, strideBytes, sourceOfBlock);
  }

  #locate(rows: Uint32Array, strideBytes: number, sourceOfBlock: Uint32Array): void {
    const { size, blocks, blockOf, sources, sourceOf, starts } = this;
    for (let i = 0; i < size; i++) {
      const number = blockOf[i] ?? 0;
      const row = rows[i] ?? 0;
      const block = blocks[number];
      if (block === undefined || (row + 1) * strideBytes > block.length) throw absent(i, row, number);
      const source = sourceOfBlock[number] ?? 0;
      sourceOf[i] = source;
      starts[i] = block.byteOffset - (sources[source]?.byteOffset ?? 0) + row * strideBytes;
    }
  }

  /** The sources as u16, a trailing byte left out. */
  shorts(): readonly Uint16Array[] {
    this.#shorts ??= this.sources.map((bytes) => new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1));
    return this.#shorts;
  }

  /** The sources as u32, trailing bytes left out. */
  words(): readonly Uint32Array[] {
    this.#words ??= this.sources.map((bytes) => new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2));
    return this.#words;
  }
}

/** The blocks themselves, but copies of those at odd places. */
function aligned(blocks: readonly Uint8Array[]): readonly Uint8Array[] {
  if (blocks.every(isAligned)) return blocks;
  return blocks.map((block) => (isAligned(block) ? block : new Uint8Array(block)));
}

function isAligned(block: Uint8Array): boolean {
  return block.byteOffset % 4 === 0;
}

/**
 * The distinct buffers under `blocks`, and which of them each block lies in. Most blocks lie in the buffer of the one before, which is why that is asked
 * first; a plain loop, as `Uint32Array.from` takes ten times as long.
 */
function findSources(blocks: readonly Uint8Array[]): { sources: Uint8Array[]; sourceOfBlock: Uint32Array } {
  const sources: Uint8Array[] = [];
  const sourceOfBlock = new Uint32Array(blocks.length);
  const known = new Map<ArrayBufferLike, number>();
  let last: ArrayBufferLike | undefined;
  let source = 0;
  for (const [i, block] of blocks.entries()) {
    const { buffer } = block;
    if (buffer !== last) {
      const isWhole = buffer.byteLength <= MAX_WHOLE_BUFFER_BYTES;
      source = known.get(buffer) ?? sources.push(isWhole ? new Uint8Array(buffer) : block) - 1;
      if (isWhole) known.set(buffer, source);
      last = isWhole ? buffer : undefined;
    }
    sourceOfBlock[i] = source;
  }
  return { sources, sourceOfBlock };
}

function absent(batchRow: number, row: number, blockInBatch: number): HexzError {
  return new HexzError("E_BLOCK_CORRUPT", `row ${row} of the batch's block ${blockInBatch} does not exist`, {
    context: { batchRow, row, blockInBatch },
  });
}
