import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { fields, openDataset, pack } from "../../dist/src/index.js";
import { openRangeServer } from "../support/range-server.js";
import { tempDir } from "../support/temp-dir.js";

const folder = await tempDir();
const path = join(folder, "train.hxz");
const BATCH = 32;

it.each([0, 1])("the same batches over http as from the file, bit for bit (%i workers)", async (workers) => {
  const schema = { image: fields.uint8([12, 12]), label: fields.int32(), name: fields.utf8() };
  const records = Array.from({ length: 2000 }, (_, i) => ({
    image: Uint8Array.from({ length: 144 }, (_, k) => Math.imul(i * 144 + k + 1, 0x9e3779b1) >>> 24),
    label: i % 10,
    name: `record ${i}`,
  }));
  await pack(records, path, { schema, blockBytes: 8192, workers: 0, overwrite: true });
  await using server = await openRangeServer({ "/train.hxz": { bytes: readFileSync(path), etag: '"one"' } });
  const epochs = async (where: string) => {
    const storage = { allowPrivate: true, coalesce: { waste: 0 }, headers: { authorization: "Bearer t" } };
    await using dataset = await openDataset(where, { storage });
    await using loader = dataset.loader({ batchSize: BATCH, shuffle: { seed: 7 }, workers });
    const seen: unknown[] = [];
    for (let epoch = 0; epoch < 2; epoch++)
      for await (const { indices, columns } of loader) seen.push({ indices, columns });
    return seen;
  };
  expect(await epochs(server.urlOf("/train.hxz"))).toEqual(await epochs(path));
  expect(server.requests.every(({ headers }) => headers.authorization === "Bearer t")).toBe(true);
  // Decoded blocks fit in memory, so the second epoch asks for nothing, and no byte is asked for twice.
  expect(server.bytes).toBeLessThanOrEqual(readFileSync(path).length);
});
