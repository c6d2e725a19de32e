import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { encodeBlock } from "../../src/core/blocks.js";
import { checksumOf, loadChecksums } from "../../src/core/codec/index.js";
import { createRowLayout } from "../../src/core/format/row-layout.js";
import type { SchemaSpec } from "../../src/core/format/schema.js";
import { createRowWriter } from "../../src/dataset/encode.js";
import { createKernels, createSharedMemory, RESERVED_BYTES } from "../../src/kernels/index.js";
import { createBatchLayout } from "../../src/loader/batch-layout.js";
import { openDataset } from "../../src/loader/dataset.js";
import type { Dataset } from "../../src/loader/types.js";
import { runGather } from "../../src/loader/workers/gather-task.js";
import { nodeFileSystem } from "../../src/pack/file-system.js";
import { AtomicFile } from "../../src/pack/publish.js";
import { SnapshotWriter } from "../../src/pack/writer.js";
import { tempDir } from "../support/temp-dir.js";

const ROWS = 3;
const folder = await tempDir();
const schema: SchemaSpec = {
  list: { type: "list", item: "int32", nullable: false },
  label: { type: "uint8", shape: [], nullable: true },
};
/** Values of three rows: two items, one, none. */
const records = [
  { list: Int32Array.of(1, 2), label: 7 },
  { list: Int32Array.of(3), label: null },
  { list: Int32Array.of(), label: 9 },
];
/** Where the encoded bytes of {@link schema} begin after the filter ids: the lengths of `list`, its values, the bitmap of `label`. */
const LENGTHS_AT = 16;
const BITMAP_AT = LENGTHS_AT + ROWS * 4 + 3 * 4;
let files = 0;

beforeAll(loadChecksums);

/** A signed-off snapshot of one good block and one whose encoded bytes are what `lie` makes of them, its checksum right. */
async function withHostileBlock<T>(
  lie: (encoded: Uint8Array) => void,
  use: (dataset: Dataset) => Promise<T>,
): Promise<T> {
  const layout = createRowLayout(schema);
  const rows = createRowWriter(schema, layout);
  for (const record of records) rows.add(record);
  const { raw } = rows.take();
  const recipe = { codec: "stored", level: 0, checksum: 2, rows: layout, filters: [0, 0, 0], verify: true } as const;
  const path = join(folder, `hostile-${files++}.hxz`);
  await using file = await AtomicFile.create(path, nodeFileSystem);
  const cut = { cut: "fixed", targetBytes: 4096, records: ROWS } as const;
  const writer = new SnapshotWriter(file, { kind: "records", checksum: 2, codec: "stored", level: 0, cut });
  const good = encodeBlock(raw, ROWS, recipe);
  await writer.append(good);
  const stored = Uint8Array.from(good.stored);
  lie(stored);
  const { low, high } = checksumOf(2, stored);
  await writer.append({ ...good, stored, entry: { ...good.entry, checksumLow: low, checksumHigh: high } });
  await writer.finish({ fields: schema });
  await file.publish({ overwrite: true });
  await using dataset = await openDataset(path, { cache: { memory: 2 ** 24 } });
  return await use(dataset);
}

function setLengths(encoded: Uint8Array, ...lengths: number[]): void {
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.length);
  for (const [row, length] of lengths.entries()) view.setUint32(LENGTHS_AT + row * 4, length, true);
}

/** The lists and labels of a whole epoch in stored order. */
async function readEpoch(dataset: Dataset): Promise<unknown[]> {
  const values: unknown[] = [];
  const loader = dataset.loader({ batchSize: 2, workers: 0 });
  for await (const { size, columns } of loader.epoch(0)) {
    const { list } = columns as unknown as { list: { at(i: number): Int32Array } };
    for (let i = 0; i < size; i++) values.push([...list.at(i)]);
  }
  return values;
}

const damaged = { code: "E_BLOCK_CORRUPT", context: { block: 1 } };

describe("a block whose checksum is right and whose content lies", () => {
  it.each<[string, (encoded: Uint8Array) => void]>([
    ["a value past the block", (encoded) => setLengths(encoded, 8, 2 ** 31, 0)],
    ["a value of almost 2^32 bytes", (encoded) => setLengths(encoded, 2 ** 32 - 4, 4, 0)],
    ["values whose sum wraps around 2^32", (encoded) => setLengths(encoded, 2 ** 31, 2 ** 31, 12)],
    ["values that are longer than their bytes", (encoded) => setLengths(encoded, 8, 8, 0)],
    ["values that are shorter than their bytes", (encoded) => setLengths(encoded, 4, 4, 0)],
    ["values that are not whole items", (encoded) => setLengths(encoded, 7, 5, 0)],
    ["an unknown filter", (encoded) => encoded.fill(9, 0, 1)],
    ["padding that is not zero", (encoded) => encoded.fill(1, 15, 16)],
    ["a spare validity bit", (encoded) => encoded.fill(0b1101, BITMAP_AT, BITMAP_AT + 1)],
  ])("%s: is refused by get, getMany and the loader, and the block before it is not", async (_, lie) => {
    await withHostileBlock(lie, async (dataset) => {
      expect(await dataset.get(1)).toEqual(records[1]);
      for (const record of [ROWS, 2 * ROWS - 1]) await expect(dataset.get(record)).rejects.toMatchObject(damaged);
      await expect(dataset.getMany([0, ROWS + 1])).rejects.toMatchObject(damaged);
      const loader = dataset.loader({ batchSize: 2, workers: 0 });
      const epoch = loader.epoch(0);
      expect((await epoch.next()).value).toMatchObject({ size: 2 });
      await expect(epoch.next()).rejects.toMatchObject(damaged);
    });
  });

  it("whole items shared out in another way are values like any", async () => {
    const lists = await withHostileBlock((encoded) => setLengths(encoded, 0, 8, 4), readEpoch);
    expect(lists).toEqual([[1, 2], [3], [], [], [1, 2], [3]]);
  });
});

it("a batch of 2^31 items says to lower batchSize, before anything is copied", () => {
  const spec: SchemaSpec = { x: { type: "binary", nullable: false } };
  const layout = createBatchLayout(spec, createRowLayout(spec), ["x"], 2048);
  const memory = createSharedMemory(2 ** 18);
  memory.grow(memory.maximumBytes);
  const kernels = createKernels(memory);
  const [row, at] = [RESERVED_BYTES, RESERVED_BYTES + 64];
  const bytes = memory.maximumBytes - at;
  // 2048 times the same row, whose value has 2^20 bytes.
  new Uint32Array(memory.buffer, row, 2).set([16, 2 ** 20]);
  const addresses = new Uint32Array(memory.buffer, at + layout.rowsAt, 2048).fill(row);
  const { itemsAt, gathers, rowsAt, basesAt } = layout;
  const job = { count: addresses.length, rows: at + rowsAt, bases: at + basesAt, at, itemsAt, bytes };
  const gather = (count: number) => runGather({ kind: "gather", fields: gathers, jobs: [{ ...job, count }] }, kernels);
  expect(gather(2047)[0]?.neededBytes).toBeGreaterThan(2047 * 2 ** 20);
  expect(() => gather(2048)).toThrow(expect.objectContaining({ code: "E_LIMIT" }));
  expect(() => gather(2048)).toThrow(/2\^31 items or more in a batch of 2048; lower batchSize/);
});
