import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Batch } from "../../dist/src/index.js";
import { fields, openDataset, pack } from "../../dist/src/index.js";

const COUNT = 1200;
const BATCH = 16;
const schema = { id: fields.int32(), pixels: fields.uint8([64]), note: fields.utf8().nullable() };
type TestBatch = Batch<typeof schema>;
let folder: string;
let path: string;

/** Every fifth note is long, one is much longer than what a batch is likely to have. */
function noteOf(id: number): string | null {
  if (id % 7 === 0) return null;
  return id === 777 ? "ü".repeat(40_000) : "x".repeat(id % 5 === 0 ? 500 : id % 9);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hexz-lending-"));
  path = join(folder, "data.hxz");
  const records = Array.from({ length: COUNT }, (_, id) => ({
    id,
    pixels: new Uint8Array(64).fill(id % 251),
    note: noteOf(id),
  }));
  await pack(records, path, { schema, blockBytes: 4096, workers: 0 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function expectRight({ size, indices, columns }: TestBatch): void {
  for (let row = 0; row < size; row++) {
    const id = indices[row] ?? -1;
    expect(columns.id[row]).toBe(id);
    expect(columns.pixels.subarray(row * 64, row * 64 + 64).every((pixel) => pixel === id % 251)).toBe(true);
    expect(columns.note.at(row)).toBe(noteOf(id));
  }
}

const open = () => openDataset(path, { schema, cache: { memory: 2 ** 21 } });

describe.each([0, 2])("batches with %i workers", (workers) => {
  const options = { batchSize: BATCH, shuffle: { seed: 5 }, workers };

  it("stay as they were for a receiver who never releases one", async () => {
    await using dataset = await open();
    const all: TestBatch[] = [];
    for await (const batch of dataset.loader(options)) all.push(batch);
    expect(all).toHaveLength(COUNT / BATCH);
    for (const batch of all) expectRight(batch);
    expect(all.every(({ columns }) => columns.pixels.buffer instanceof ArrayBuffer)).toBe(true);
  });

  it("are lent once the receiver has released one, and those it keeps do not change, whichever they are", async () => {
    await using dataset = await open();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3), { minLength: 8, maxLength: 40 }), async (pattern) => {
        const kept: TestBatch[] = [];
        let lent = 0;
        for await (const batch of dataset.loader(options).epoch(1)) {
          expectRight(batch);
          if (batch.columns.pixels.buffer instanceof SharedArrayBuffer) lent++;
          if (batch.step === 0 || pattern[batch.step % pattern.length] !== 0) batch.release();
          else kept.push(batch);
        }
        expect(lent).toBeGreaterThan(0);
        for (const batch of kept) expectRight(batch);
        for (const batch of kept) batch.release();
      }),
      { seed: 20_261_124, numRuns: 6 },
    );
  });

  it("stay while any user is left, and after epoch and dataset are closed", async () => {
    const dataset = await open();
    const epoch = dataset.loader(options).epoch(2);
    (await epoch.next()).value?.release();
    const { value: batch } = await epoch.next();
    if (batch === undefined) throw new Error("no batch");
    expect(batch.retain()).toBe(batch);
    batch.release();
    for await (const other of epoch) {
      other.release();
      other.release(); // once is enough
      if (other.step === 40) break;
    }
    expectRight(batch);
    await dataset.close();
    expectRight(batch);
    batch.release();
  });

  it("give their memory back: epoch after epoch takes no more than the one before", async () => {
    await using dataset = await open();
    const loader = dataset.loader(options);
    const used: number[] = [];
    for (let run = 0; run < 6; run++) {
      for await (const batch of loader.epoch(run)) {
        batch.release();
        if (run % 2 === 1 && batch.step === 5) break;
      }
      used.push(dataset.stats().usedBytes);
    }
    expect(Math.max(...used)).toBeLessThanOrEqual(dataset.stats().limitBytes);
  });
});

describe("threads that die", () => {
  it("are replaced in mid-epoch, and nothing is lost, doubled or changed", async () => {
    await using calm = await open();
    const expected: number[][] = [];
    for await (const { indices } of calm.loader({ batchSize: BATCH, shuffle: { seed: 5 }, workers: 0 }).epoch(3))
      expected.push([...indices]);
    const threads: { terminate(): Promise<number> }[] = [];
    const onWorker = (worker: { terminate(): Promise<number> }) => threads.push(worker);
    process.on("worker", onWorker);
    try {
      for (let killed = 0; killed < 20; killed++) {
        await using dataset = await open();
        const seen: number[][] = [];
        const loader = dataset.loader({ batchSize: BATCH, shuffle: { seed: 5 }, workers: 1 });
        for await (const batch of loader.epoch(3)) {
          expectRight(batch);
          seen.push([...batch.indices]);
          batch.release();
          if (batch.step === killed * 3) await threads.at(-1)?.terminate();
        }
        expect(seen).toEqual(expected);
      }
    } finally {
      process.off("worker", onWorker);
    }
    expect(threads.length).toBeGreaterThan(20);
  });
});

describe("blocks that are damaged", () => {
  it("end the epoch, or are left out with a count, and every batch keeps its place", async () => {
    const { readFile, writeFile } = await import("node:fs/promises");
    const damaged = join(folder, "damaged.hxz");
    const bytes = await readFile(path);
    bytes[600] = (bytes[600] ?? 0) ^ 1; // in the first block
    await writeFile(damaged, bytes);
    await using dataset = await openDataset(damaged, { schema });
    const options = { batchSize: BATCH, workers: 0 };
    await expect(dataset.loader(options).epoch(0).next()).rejects.toMatchObject({ code: "E_BLOCK_CORRUPT" });
    const left: number[] = [];
    const bad: number[] = [];
    const onError = ({ records }: { records: readonly number[] }) => {
      bad.push(...records);
      return "skip" as const;
    };
    let steps = 0;
    for await (const batch of dataset.loader({ ...options, onError })) {
      expectRight(batch);
      left.push(...batch.indices);
      steps++;
    }
    expect(steps).toBe(COUNT / BATCH);
    expect(bad.length).toBeGreaterThan(0);
    expect([...bad, ...left].sort((a, b) => a - b)).toEqual(Array.from({ length: COUNT }, (_, id) => id));
    const strict = dataset.loader({ ...options, onError: "skip", maxSkippedRecords: 1 });
    await expect(strict.epoch(0).next()).rejects.toMatchObject({ code: "E_LIMIT" });
  });
});
