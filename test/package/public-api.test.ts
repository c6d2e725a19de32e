import { expect, it } from "vitest";

/** Every public name. Adding one is a decision: write it down here and in CHANGELOG.md. Removing one is a breaking change. */
it("hexz", async () => {
  expect(await namesOf("../../dist/src/index.js")).toMatchInlineSnapshot(`
    [
      "BatchSampler",
      "DistributedSampler",
      "HexzError",
      "LengthBucketSampler",
      "MixtureSampler",
      "RandomSampler",
      "SequentialSampler",
      "StratifiedSampler",
      "SubsetRandomSampler",
      "WeightedRandomSampler",
      "createMemorySource",
      "createMixture",
      "fields",
      "isHexzError",
      "openDataset",
      "openLocalSource",
      "openSnapshot",
      "pack",
      "shardFromEnvironment",
      "shuffleContract",
    ]
  `);
});

it("hexz/sources", async () => {
  expect(await namesOf("../../dist/src/sources/index.js")).toMatchInlineSnapshot(`
    [
      "csv",
      "idx",
      "images",
      "jsonl",
      "openSource",
      "sourceNames",
    ]
  `);
});

it("hexz/tfjs", async () => {
  expect(await namesOf("../../dist/loaders/tfjs/index.js")).toMatchInlineSnapshot(`
    [
      "tfDataset",
    ]
  `);
});

it("hexz/arrow", async () => {
  expect(await namesOf("../../dist/loaders/arrow/index.js")).toMatchInlineSnapshot(`
    [
      "arrowSchema",
      "recordBatchReader",
      "recordBatches",
      "toIpcFile",
      "toIpcStream",
      "toRecordBatch",
    ]
  `);
});

async function namesOf(path: string): Promise<string[]> {
  return Object.keys(await import(path)).sort();
}
