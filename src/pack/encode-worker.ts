/** Entry of a packing thread: encodes the blocks it is sent; the recipe comes with the thread. */
import { workerData } from "node:worker_threads";
import type { RawBlock } from "../dataset/encode.js";
import { withPlainErrors } from "../util/error-transfer.js";
import { loadPacking, type PackedBlock, type PackRecipe, packBlock } from "./encode-block.js";

const recipe: PackRecipe = workerData;
const ready = loadPacking();

export default withPlainErrors(async (block: RawBlock): Promise<PackedBlock> => {
  await ready;
  const packed = packBlock(block, recipe);
  const { stored, hash, entry } = packed.block;
  return { ...packed, block: { entry, stored: compact(stored), hash: compact(hash) } };
});

/** Cloning a view clones all of the memory behind it, which may be a codec's. */
function compact(bytes: Uint8Array): Uint8Array {
  return bytes.length === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}
