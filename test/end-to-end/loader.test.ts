import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import {
  fields,
  isHexzError,
  type LoaderState,
  openDataset,
  pack,
  RandomSampler,
  SubsetRandomSampler,
} from "../../dist/src/index.js";
import { tempDir } from "../support/temp-dir.js";

const schema = { id: fields.int32(), note: fields.utf8().nullable(), pixels: fields.uint8([1000]) };
const COUNT = 4_000;
const folder = await tempDir();
const path = join(folder, "data.hxz");
const other = join(folder, "other.hxz");

function recordOf(id: number) {
  return { id, note: id % 3 === 0 ? null : `#${id}`, pixels: new Uint8Array(1000).fill(id % 251) };
}

beforeAll(async () => {
  const records = Array.from({ length: COUNT }, (_, id) => recordOf(id));
  await pack(records, path, { schema, blockBytes: 32_768, workers: 0 });
  await pack(records.slice(0, 50), other, { schema, workers: 0 });
});

const open = (memory?: number) => openDataset(path, { schema, cache: memory === undefined ? {} : { memory } });

describe("dataset.loader", () => {
  it("counts epochs up, one for each iteration, and goes on after the one that was resumed", async () => {
    await using dataset = await open();
    const loader = dataset.loader({ batchSize: 1000, shuffle: true, workers: 0 });
    const epochs: number[] = [];
    for (let i = 0; i < 3; i++) for await (const { epoch, step } of loader) if (step === 0) epochs.push(epoch);
    expect(epochs).toEqual([0, 1, 2]);
    await loader.resume({ ...loader.epoch(7).state(), position: 3000 }).next();
    for await (const { epoch } of loader) {
      expect(epoch).toBe(8);
      break;
    }
  });

  it("gives steps their numbers, the same ones after a resume", async () => {
    await using dataset = await open();
    const loader = dataset.loader({ batchSize: 1500, workers: 0 });
    expect(loader.stepsPerEpoch).toBe(3);
    const epoch = loader.epoch(0);
    expect(epoch.steps).toBe(3);
    await epoch.next();
    const resumed = loader.resume(epoch.state());
    expect(resumed.steps).toBe(3);
    expect((await resumed.next()).value).toMatchObject({ step: 1, size: 1500 });
    expect((await resumed.next()).value).toMatchObject({ step: 2, size: 1000 });
    expect(await resumed.next()).toEqual({ done: true, value: undefined });
    expect(dataset.loader({ batchSize: 1500, dropLast: true }).stepsPerEpoch).toBe(2);
  });

  it("loads the selected fields only, in any order, with validity for nullable ones", async () => {
    await using dataset = await open();
    const loader = dataset.loader({ batchSize: 10, select: ["note", "id"], workers: 0 });
    const { value } = await loader.epoch(0).next();
    expect(Object.keys(value.columns).sort()).toEqual(["id", "note"]);
    expect(Array.from({ length: 10 }, (_, i) => value.columns.note.at(i))).toEqual(
      Array.from({ length: 10 }, (_, id) => recordOf(id).note),
    );
    expect(value.validity.note?.slice(0, 2)).toEqual(Uint8Array.of(0b10110110, 0b01));
    const narrow = await dataset.select(["id"]).get(17);
    expect(narrow).toEqual({ id: 17 });
  });

  it("takes the samplers of hexz and any iterable of record numbers", async () => {
    await using dataset = await open();
    const take = async (
      sampler: ConstructorParameters<typeof SubsetRandomSampler>[0] | RandomSampler | SubsetRandomSampler,
    ) => {
      const seen: number[] = [];
      for await (const { indices } of dataset.loader({ batchSize: 7, sampler, workers: 0 })) seen.push(...indices);
      return seen;
    };
    expect(await take([3, 3999, 3, 0])).toEqual([3, 3999, 3, 0]);
    expect((await take(new SubsetRandomSampler([5, 9, 4], { seed: 1 }))).sort()).toEqual([4, 5, 9]);
    expect(await take(new RandomSampler(dataset, { seed: 1, replacement: true, numSamples: 20 }))).toHaveLength(20);
    await expect(take([4000])).rejects.toThrow(RangeError);
  });

  it("stays right and within its memory when data is larger than the budget", async () => {
    await using dataset = await open(2_000_000);
    for (const workers of [0, 2]) {
      for (const mode of ["window", "full"] as const) {
        const seen: number[] = [];
        const loader = dataset.loader({ batchSize: 4, shuffle: { seed: 9, mode }, workers });
        for await (const { indices, columns } of loader) {
          for (const [row, index] of indices.entries()) expect(columns.pixels[row * 1000 + 999]).toBe(index % 251);
          seen.push(...indices);
          if (mode === "full" && seen.length > 200) break;
        }
        if (mode === "window") expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: COUNT }, (_, i) => i));
      }
    }
  });

  it("refuses a batch that cannot be held, saying what would do", async () => {
    await using dataset = await open(300_000);
    expect(() => dataset.loader({ batchSize: 4000, shuffle: true })).toThrow(
      /raise cache\.memory to \d+ bytes or lower batchSize/,
    );
  });

  it("resumes a window shuffle on a machine with another budget: the window is part of the state", async () => {
    await using small = await open(2_500_000);
    await using large = await open();
    const options = { batchSize: 16, shuffle: { seed: 2 }, workers: 0 };
    const epoch = small.loader(options).epoch(0);
    await epoch.next();
    const rest = async (resumed: AsyncIterable<{ indices: Float64Array }>) => {
      const all: number[] = [];
      for await (const { indices } of resumed) all.push(...indices);
      return all;
    };
    expect(await rest(large.loader(options).resume(epoch.state()))).toEqual(await rest(epoch));
  });

  it("refuses the state of another snapshot, order, or version", async () => {
    await using dataset = await open();
    await using stranger = await openDataset(other);
    const loader = dataset.loader({ batchSize: 10, shuffle: { seed: 1 } });
    const state = loader.epoch(0).state();
    const refused = (action: () => unknown, pattern: RegExp) => {
      expect(action).toThrow(pattern);
      expect(action).toSatisfy((run) => {
        try {
          (run as () => unknown)();
        } catch (error) {
          return isHexzError(error, "E_STATE");
        }
        return false;
      });
    };
    refused(() => stranger.loader({ batchSize: 10, shuffle: { seed: 1 } }).resume(state), /belongs to snapshot/);
    refused(
      () => dataset.loader({ batchSize: 10, shuffle: { seed: 2 } }).resume(state),
      /order seed = 1, this loader has 2/,
    );
    refused(() => dataset.loader({ batchSize: 10 }).resume(state), /order kind/);
    refused(() => loader.resume({ ...state, version: 2 } as unknown as LoaderState), /version 2/);
    expect(() => loader.resume({ ...state, position: -1 })).toThrow(RangeError);
    expect(() => loader.resume({ ...state, position: COUNT + 1 })).toThrow(RangeError);
  });

  it("refuses wrong options at once, by name and value", async () => {
    await using dataset = await open();
    const wrong = [
      [{ batchSize: 0 }, /options\.batchSize .* got 0/],
      [{ batchSize: 2.5 }, /options\.batchSize .* 2\.5/],
      [{ batchSize: 8, workers: -1 }, /options\.workers .* -1/],
      [{ batchSize: 8, workers: 1000 }, /options\.workers .* 1000/],
      [{ batchSize: 8, shard: { rank: 2, world: 2 } }, /options\.shard\.rank .* 2/],
      [{ batchSize: 8, select: ["nope"] }, /options\.select .*nope/],
      [{ batchSize: 8, select: [] }, /options\.select/],
      [{ batchSize: 8, shuffle: { seed: 0.5 } }, /options\.shuffle\.seed/],
      [{ batchSize: 8, shuffle: { seed: 1, mode: "fast" } }, /options\.shuffle\.mode/],
      [{ batchSize: 8, shuffle: true, sampler: [1] }, /exclude each other/],
      [{ batchSize: 8, batchsize: 9 }, /batchsize/],
    ] as const;
    for (const [options, message] of wrong)
      expect(() => dataset.loader(options as never), String(message)).toThrow(message);
    await expect(openDataset(path, { cache: { memory: "2 parsecs" } })).rejects.toThrow(/options\.cache\.memory/);
  });
});

describe("ending an epoch", () => {
  it("by break, by return, by signal or by dispose leaves the loader usable and nothing planned", async () => {
    await using dataset = await open();
    const loader = dataset.loader({ batchSize: 50, shuffle: { seed: 1, mode: "window", window: 20 }, workers: 2 });
    for await (const _ of loader) break;
    const left = loader.epoch(0);
    await left.next();
    expect(await left.return()).toEqual({ done: true, value: undefined });
    expect(await left.next()).toEqual({ done: true, value: undefined });
    {
      await using disposed = loader.epoch(0);
      await disposed.next();
    }
    const stop = new AbortController();
    const aborted = loader.epoch(0, { signal: stop.signal });
    await aborted.next();
    stop.abort(new Error("enough"));
    await expect(aborted.next()).rejects.toThrow("enough");
    let records = 0;
    for await (const { size } of loader.epoch(0)) records += size;
    expect(records).toBe(COUNT);
  });

  it("rejects a pending next() when it is aborted, and one of an aborted signal at once", async () => {
    await using dataset = await open();
    const stop = new AbortController();
    const epoch = dataset.loader({ batchSize: 50, shuffle: true, workers: 1 }).epoch(0, { signal: stop.signal });
    const pending = epoch.next();
    stop.abort(new Error("now"));
    await expect(pending).rejects.toThrow("now");
    const late = dataset.loader({ batchSize: 50 }).epoch(0, { signal: AbortSignal.abort(new Error("before")) });
    await expect(late.next()).rejects.toThrow("before");
  });

  it("gives batches in order also where next() is called without waiting", async () => {
    await using dataset = await open();
    const epoch = dataset.loader({ batchSize: 500, workers: 2 }).epoch(0);
    const results = await Promise.all(Array.from({ length: 9 }, () => epoch.next()));
    expect(results.map(({ value }) => value?.step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, undefined]);
  });

  it("happens when the dataset is closed: what waits is rejected, what comes later refused", async () => {
    const dataset = await open();
    const loader = dataset.loader({ batchSize: 50, shuffle: true, workers: 1 });
    const epoch = loader.epoch(0);
    await epoch.next();
    await dataset.close();
    await dataset.close();
    await expect(epoch.next()).rejects.toSatisfy((error) => isHexzError(error, "E_CLOSED"));
    await expect(dataset.get(0)).rejects.toSatisfy((error) => isHexzError(error, "E_CLOSED"));
    await loader.close();
    expect(() => loader.epoch(0)).toThrow(/closed/);
  });
});
