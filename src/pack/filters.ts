import { byteShuffle } from "../core/codec/byte-shuffle.js";
import { codecByName } from "../core/codec/index.js";
import type { CodecName } from "../core/codec/types.js";
import { FILTER_BYTE_SHUFFLE, FILTER_NONE, splitStreams } from "../core/format/columns.js";
import type { RowLayout } from "../core/format/row-layout.js";
import type { RawBlock } from "../dataset/encode.js";

/**
 * The filter of every stream of the columns (FORMAT.md 6.3), by trial: each stream of this block is packed as it is and byte-shuffled, and the
 * shuffle is taken only where that is smaller. Deterministic. Needs `loadCodecs()` before.
 */
export function chooseFilters(block: RawBlock, layout: RowLayout, codec: CodecName, level: number): number[] {
  const itemBytes = layout.streamItemBytes;
  if (codec === "stored") return itemBytes.map(() => FILTER_NONE);
  const packedBytes = (bytes: Uint8Array) => codecByName(codec).encode(bytes, level).length;
  return splitStreams(block.raw, block.count, layout).map((values, stream) => {
    const size = itemBytes[stream] ?? 1;
    if (size === 1 || values.length === 0) return FILTER_NONE;
    const shuffled = new Uint8Array(values.length);
    byteShuffle(values, size, shuffled);
    return packedBytes(shuffled) < packedBytes(values) ? FILTER_BYTE_SHUFFLE : FILTER_NONE;
  });
}
