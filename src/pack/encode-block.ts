import type { EncodedBlock, EncodeRecipe } from "../core/blocks.js";
import { encodeBlock } from "../core/blocks.js";
import { loadChecksums, loadCodecs } from "../core/codec/index.js";
import type { SchemaSpec } from "../core/format/schema.js";
import type { RawBlock } from "../dataset/encode.js";
import { type BlockStatistics, blockStatistics } from "./statistics.js";

/** How every block of one snapshot is encoded. Plain data: it is cloned to workers as it is. */
export interface PackRecipe {
  readonly encode: EncodeRecipe;
  /** Absent for kind `bytes`: then there are no statistics. */
  readonly schema: SchemaSpec | undefined;
}

/** What one block gives: its stored bytes and what the metadata will say of its values. */
export interface PackedBlock {
  readonly block: EncodedBlock;
  readonly statistics: BlockStatistics | undefined;
}

/** Must have resolved once in this thread before {@link packBlock}. */
export async function loadPacking(): Promise<void> {
  await Promise.all([loadCodecs(), loadChecksums()]);
}

/** Encodes one block: the one function that runs on every worker, and on this thread where there are none. Pure and deterministic. */
export function packBlock({ raw, count }: RawBlock, { encode, schema }: PackRecipe): PackedBlock {
  const block = encodeBlock(raw, count, encode);
  const { rows } = encode;
  const statistics = rows === undefined || schema === undefined ? undefined : blockStatistics(raw, count, schema, rows);
  return { block, statistics };
}
