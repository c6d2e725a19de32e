import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BlockIndex } from "../../src/core/block-index.js";
import { encodeBlock } from "../../src/core/blocks.js";
import { parsePageTable } from "../../src/core/format/page-table.js";
import { createRowLayout } from "../../src/core/format/row-layout.js";
import type { SchemaSpec } from "../../src/core/format/schema.js";
import { openSnapshot } from "../../src/core/snapshot.js";
import { createMemorySource } from "../../src/core/storage/index.js";
import { openRecords } from "../../src/dataset/records.js";
import { nodeFileSystem } from "../../src/pack/file-system.js";
import { AtomicFile } from "../../src/pack/publish.js";
import { SnapshotWriter } from "../../src/pack/writer.js";
import { tempDir } from "../support/temp-dir.js";

const ROWS_PER_BLOCK = 4;
const BLOCKS = 3;
const folder = await tempDir();

/** A whole and signed-off snapshot of three blocks of four rows; the entry of each block is what `lie` makes of the true one. */
async function snapshotOf(
  schema: SchemaSpec,
  lie: (entry: ReturnType<typeof encodeBlock>["entry"]) => object,
): Promise<Uint8Array> {
  const path = join(folder, "snapshot.hxz");
  const rows = createRowLayout(schema);
  const cut = { cut: "fixed", targetBytes: 4096, records: ROWS_PER_BLOCK } as const;
  const recipe = { codec: "lz4", level: 0, checksum: 1, rows, filters: [], verify: false } as const;
  await using file = await AtomicFile.create(path, nodeFileSystem);
  const writer = new SnapshotWriter(file, { kind: "records", checksum: 1, codec: "lz4", level: 0, cut });
  for (let block = 0; block < BLOCKS; block++) {
    const encoded = encodeBlock(new Uint8Array(ROWS_PER_BLOCK * rows.strideBytes), ROWS_PER_BLOCK, recipe);
    await writer.append({ ...encoded, entry: { ...encoded.entry, ...lie(encoded.entry) } });
  }
  await writer.finish({ fields: schema });
  return await readFile(file.temporaryPath);
}

const scalar = { type: "int32", shape: [], nullable: false } as const;
const plain: SchemaSpec = { id: scalar };
const columns: SchemaSpec = { id: scalar, label: scalar };

describe("a block that contradicts the rest of its snapshot", () => {
  it.each([
    ["plain rows", plain],
    ["columns", columns],
  ])("is refused where its %s are more or fewer than its count", async (_, schema) => {
    for (const count of [ROWS_PER_BLOCK - 1, ROWS_PER_BLOCK + 1]) {
      const source = createMemorySource(await snapshotOf(schema, () => ({ count })));
      await using snapshot = await openSnapshot(source);
      const records = openRecords(snapshot, { cacheBytes: 2 ** 20 });
      expect(records.length).toBe(BLOCKS * count);
      await expect(records.get(0)).rejects.toMatchObject({ code: "E_BLOCK_CORRUPT", context: { block: 0 } });
    }
  });

  it("is refused where it takes more raw bytes than its rows", async () => {
    const source = createMemorySource(await snapshotOf(columns, (entry) => ({ rawLength: entry.rawLength + 8 })));
    await using snapshot = await openSnapshot(source);
    await expect(snapshot.readBlock(1)).rejects.toMatchObject({ code: "E_BLOCK_CORRUPT", context: { block: 1 } });
  });

  it("is refused where it has more encoded bytes than its rows can, before they are read", async () => {
    const source = createMemorySource(await snapshotOf(columns, () => ({ encodedLength: 1024 })));
    await using snapshot = await openSnapshot(source);
    await expect(snapshot.entry(0)).rejects.toMatchObject({ code: "E_CORRUPT", context: { block: 0 } });
  });

  it("is refused where its count is not that of the counts", async () => {
    const file = await snapshotOf(plain, () => ({}));
    const source = createMemorySource(file);
    await using snapshot = await openSnapshot(source);
    const { header, counts } = snapshot;
    const table = file.subarray(header.tailOffset + header.metadataStoredLength, header.tailOffset + header.tailLength);
    const pages = parsePageTable(table, "the page table");
    const indexWith = (given: typeof counts) => new BlockIndex(source, header, pages, given, 4096, 2 ** 20);
    expect(await indexWith(counts).entry(1)).toMatchObject({ block: 1, count: ROWS_PER_BLOCK });
    const others = { units: BLOCKS, total: BLOCKS * ROWS_PER_BLOCK, counts: Uint16Array.of(4, 5, 3) };
    await expect(indexWith(others).entry(0)).rejects.toMatchObject({ code: "E_CORRUPT", context: { block: 1 } });
  });
});
