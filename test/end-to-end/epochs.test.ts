import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type Dataset, fields, type LoaderOptions, type LoaderState, openDataset, pack } from "../../dist/src/index.js";
import { tempDir } from "../support/temp-dir.js";

const COUNT = 3_001;
const schema = { id: fields.int32(), text: fields.utf8(), values: fields.float32([5]) };
type S = typeof schema;

const folder = await tempDir();
const paths = { fixed: join(folder, "fixed.hxz"), content: join(folder, "content.hxz") };

function recordOf(id: number) {
  return { id, text: `record ${id} `.repeat(id % 9), values: Float32Array.from({ length: 5 }, (_, i) => id + i / 8) };
}

beforeAll(async () => {
  const records = Array.from({ length: COUNT }, (_, id) => recordOf(id));
  await pack(records, paths.fixed, { schema, cut: "fixed", blockRecords: 37, workers: 0 });
  await pack(records, paths.content, { schema, blockBytes: 4096, workers: 0 });
});

const open = (cut: "fixed" | "content"): Promise<Dataset<S>> => openDataset(paths[cut], { schema });

/** All record numbers of an epoch, batch after batch, each batch checked against its records. */
async function batchesOf(
  epoch: AsyncIterable<{
    indices: Float64Array;
    size: number;
    columns: { id: Int32Array; text: { at(i: number): string } };
  }>,
) {
  const batches: number[][] = [];
  for await (const { indices, columns, size } of epoch) {
    expect(indices.length).toBe(size);
    for (const [row, index] of indices.entries()) {
      expect(columns.id[row]).toBe(index);
      if (row % 16 === 0) expect(columns.text.at(row)).toBe(recordOf(index).text);
    }
    batches.push([...indices]);
  }
  return batches;
}

const modes = [
  { shuffle: { seed: 3, mode: "window", window: 13 } },
  { shuffle: { seed: 3, mode: "full" } },
  { shuffle: false },
] as const;

describe.each(["fixed", "content"] as const)("an epoch over %s cuts", (cut) => {
  it("gives every record to one rank once, for all worlds, batch sizes and orders", async () => {
    await using dataset = await open(cut);
    for (const world of [1, 2, 3, 4, 6, 8]) {
      for (const batchSize of [1 + world, 64, 5000]) {
        const { shuffle } = modes[world % modes.length] ?? modes[0];
        const ranks = await Promise.all(
          Array.from({ length: world }, (_, rank) =>
            batchesOf(dataset.loader({ batchSize, shuffle, shard: { rank, world }, workers: 0 }).epoch(1)),
          ),
        );
        expect(new Set(ranks.map((batches) => batches.length)).size).toBe(1);
        const seen = ranks.flat(2).sort((a, b) => a - b);
        expect(seen).toEqual(Array.from({ length: COUNT }, (_, i) => i));
      }
    }
  });

  it("has the same order for 0, 1, 2 and 3 workers, and another in the next epoch", async () => {
    await using dataset = await open(cut);
    for (const { shuffle } of modes) {
      const [inline, ...threaded] = await Promise.all(
        [0, 1, 2, 3].map((workers) => batchesOf(dataset.loader({ batchSize: 100, shuffle, workers }).epoch(4))),
      );
      for (const batches of threaded) expect(batches).toEqual(inline);
      const next = await batchesOf(dataset.loader({ batchSize: 100, shuffle, workers: 0 }).epoch(5));
      if (shuffle === false) expect(next).toEqual(inline);
      else expect(next).not.toEqual(inline);
    }
  });

  it("goes on from a state saved before every step with exactly the rest", async () => {
    await using dataset = await open(cut);
    for (const { shuffle } of modes) {
      const options: LoaderOptions<S> = { batchSize: 190, shuffle, workers: 0 };
      const loader = dataset.loader(options);
      const all = await batchesOf(loader.epoch(2));
      const epoch = loader.epoch(2);
      for (let step = 0; step <= all.length; step++) {
        const state: LoaderState = JSON.parse(JSON.stringify(epoch.state()));
        expect(await batchesOf(dataset.loader(options).resume(state))).toEqual(all.slice(step));
        await epoch.next();
      }
    }
  });

  it("goes on in another world with exactly the records that are left", async () => {
    await using dataset = await open(cut);
    const anyWorld = fc.constantFrom(1, 2, 3, 4, 6, 8);
    const anyMode = fc.constantFrom(...modes);
    await fc.assert(
      fc.asyncProperty(anyWorld, anyWorld, anyMode, fc.nat(12), async (before, after, { shuffle }, steps) => {
        const options = { shuffle, workers: 0 };
        const first = dataset.loader({ ...options, batchSize: 48, shard: { rank: 0, world: before } }).epoch(0);
        for (let step = 0; step < steps; step++) await first.next();
        const state = first.state();
        await first.return();
        const whole = (await batchesOf(dataset.loader({ ...options, batchSize: COUNT }).epoch(0))).flat();
        const rest = await Promise.all(
          Array.from({ length: after }, (_, rank) =>
            batchesOf(dataset.loader({ ...options, batchSize: 32, shard: { rank, world: after } }).resume(state)),
          ),
        );
        const left = rest.flat(2).sort((a, b) => a - b);
        expect(left).toEqual(whole.slice(state.position).sort((a, b) => a - b));
      }),
      { seed: 77, numRuns: 20 },
    );
  });

  it("has the same global batches in every world that keeps their size", async () => {
    await using dataset = await open(cut);
    const { shuffle } = modes[0];
    const globalBatches = async (world: number) => {
      const ranks = await Promise.all(
        Array.from({ length: world }, (_, rank) =>
          batchesOf(dataset.loader({ batchSize: 48 / world, shuffle, shard: { rank, world }, workers: 0 }).epoch(0)),
        ),
      );
      return ranks[0]?.map((_, step) => ranks.flatMap((batches) => batches[step] ?? []).sort((a, b) => a - b));
    };
    const one = await globalBatches(1);
    for (const world of [2, 3, 4, 6, 8]) expect(await globalBatches(world)).toEqual(one);
  });
});
