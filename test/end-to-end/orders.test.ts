import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createMemorySource, fields, openDataset, pack, StratifiedSampler } from "../../dist/src/index.js";
import { emptySnapshot } from "../support/empty-snapshot.js";

const COUNT = 1000;
const schema = { id: fields.int32(), label: fields.uint8() };
let folder: string;
let path: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hexz-orders-"));
  path = join(folder, "data.hxz");
  const records = Array.from({ length: COUNT }, (_, id) => ({ id, label: id < 900 ? 0 : 1 }));
  await pack(records, path, { schema, blockBytes: 512, workers: 0 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const open = (memory?: number) => openDataset(path, { schema, cache: memory === undefined ? {} : { memory } });

async function idsOf(batches: AsyncIterable<{ columns: { id: Int32Array } }>): Promise<number[]> {
  const ids: number[] = [];
  for await (const { columns } of batches) ids.push(...columns.id);
  return ids;
}

describe("a filter", () => {
  const isChosen = (id: number) => id % 7 === 3 || (id > 400 && id < 430);
  const chosen = Array.from({ length: COUNT }, (_, id) => id).filter(isChosen);

  it("gives exactly its records, each once, in stored order and in every kind of shuffle", async () => {
    await using dataset = await open();
    for (const shuffle of [false, { seed: 1 }, { seed: 1, mode: "window", window: 4 }] as const) {
      for (const filter of [isChosen, chosen.toReversed()]) {
        const loader = dataset.loader({ batchSize: 16, shuffle, filter, workers: 0 });
        const ids = await idsOf(loader.epoch(0));
        expect(loader.stepsPerEpoch).toBe(Math.ceil(chosen.length / 16));
        if (shuffle === false) expect(ids).toEqual(chosen);
        expect(ids.sort((a, b) => a - b)).toEqual(chosen);
      }
    }
  });

  it("is part of the state: another filter is another order", async () => {
    await using dataset = await open();
    const options = { batchSize: 16, shuffle: { seed: 1 }, workers: 0 };
    const epoch = dataset.loader({ ...options, filter: isChosen }).epoch(0);
    await epoch.next();
    const state = epoch.state();
    const rest = await idsOf(epoch);
    expect(await idsOf(dataset.loader({ ...options, filter: chosen }).resume(state))).toEqual(rest);
    const other = dataset.loader({ ...options, filter: chosen.slice(1).concat(0) });
    expect(() => other.resume(state)).toThrow(/order filter/);
    expect(() => dataset.loader(options).resume(state)).toThrow(/was saved with order/);
  });

  it("is refused by name where it leaves nothing or names what does not exist", async () => {
    await using dataset = await open();
    const make = (filter: unknown) => () => dataset.loader({ batchSize: 1, filter: filter as number[] });
    expect(make([])).toThrow(new RangeError("options.filter must leave a record, got none"));
    expect(make([COUNT])).toThrow(/options\.filter must be an integer from 0 to 999, got 1000/);
    expect(make(7)).toThrow(/options\.filter must be record numbers or a function, got 7/);
    expect(() => dataset.loader({ batchSize: 1, filter: [1], sampler: [1] })).toThrow(TypeError);
  });
});

it("a stratified sampler gives every batch its share of each class", async () => {
  await using dataset = await open();
  const labels = Uint8Array.from({ length: COUNT }, (_, id) => (id < 900 ? 0 : 1));
  const loader = dataset.loader({ batchSize: 50, sampler: new StratifiedSampler(labels, { seed: 3 }), workers: 0 });
  for await (const { columns } of loader) expect(columns.label.filter((label) => label === 1)).toHaveLength(5);
});

it("ranks take their share from the launcher's environment, and a padded tail keeps them in step", async () => {
  await using dataset = await open();
  const before = { ...process.env };
  try {
    const sizes: number[][] = [];
    for (const rank of [0, 1, 2]) {
      Object.assign(process.env, { RANK: String(rank), WORLD_SIZE: "3" });
      const loader = dataset.loader({ batchSize: 64, shard: "environment", tail: "pad", workers: 0 });
      const of: number[] = [];
      for await (const { size } of loader) of.push(size);
      sizes.push(of);
    }
    expect(sizes).toEqual(Array.from({ length: 3 }, () => Array.from({ length: 6 }, () => 64)));
  } finally {
    process.env = before;
  }
});

it("an empty dataset has epochs without steps", async () => {
  const spec = { id: { type: "int32", shape: [], nullable: false } } as const;
  await using dataset = await openDataset(createMemorySource(emptySnapshot(spec)));
  const loader = dataset.loader({ batchSize: 8, shuffle: true, workers: 0 });
  expect(loader.stepsPerEpoch).toBe(0);
  expect(await loader.epoch(0).next()).toEqual({ done: true, value: undefined });
});

describe("map", () => {
  it("runs on every batch in order, keeps the state, and its error ends the epoch", async () => {
    await using dataset = await open();
    const loader = dataset.loader({ batchSize: 100, workers: 0 });
    const sums = loader.map(async ({ columns }) => columns.id.reduce((sum, id) => sum + id, 0));
    const epoch = sums.epoch(0);
    expect(await epoch.next()).toEqual({ done: false, value: 4950 });
    const rest: number[] = [];
    for await (const sum of sums.resume(epoch.state())) rest.push(sum);
    expect(rest).toHaveLength(9);
    const failing = loader.map(() => {
      throw new Error("not this one");
    });
    await expect(failing.epoch(0).next()).rejects.toThrow("not this one");
    expect(dataset.stats().usedBytes).toBeLessThanOrEqual(dataset.stats().limitBytes);
  });
});
