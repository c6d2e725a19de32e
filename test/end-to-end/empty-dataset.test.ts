import { expect, test } from "vitest";
import { schemaSpec } from "../../src/dataset/fields.js";
import { createMemorySource, fields, openDataset } from "../../src/index.js";
import { emptySnapshot } from "../support/empty-snapshot.js";

const schema = { image: fields.uint8([4]), text: fields.utf8() };

test("a snapshot of 0 records opens as a dataset of length 0", async () => {
  await using dataset = await openDataset(createMemorySource(emptySnapshot(schemaSpec(schema))), { schema });
  expect(dataset.length).toBe(0);
  expect(Object.keys(dataset.select(["text"]).schema)).toEqual(["text"]);
  for await (const record of dataset) expect.unreachable(`gave ${JSON.stringify(record)}`);
  expect(await dataset.getMany([])).toEqual([]);
  await expect(dataset.get(0)).rejects.toThrow(new RangeError("index: there are no records, got 0"));
});
