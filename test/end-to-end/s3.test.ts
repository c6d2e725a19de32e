import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { openS3Service, type S3Service } from "../support/s3-service.js";
import { tempDir } from "../support/temp-dir.js";

// Through dist/: the loader starts threads.
const { fields, openDataset, pack } = await import("../../dist/src/index.js");

const root = await tempDir();
const path = join(root, "train.hxz");
const schema = { image: fields.uint8([32, 32, 3]), label: fields.int32(), caption: fields.utf8().nullable() };
const records = Array.from({ length: 3000 }, (_, i) => ({
  image: Uint8Array.from({ length: 3072 }, (_, j) => (i * 7 + j * j) & 255),
  label: i % 10,
  caption: i % 7 === 0 ? null : `record ${i}`,
}));
const blockBytes = "16 KiB";
let service: S3Service;
let url: string;

beforeAll(async () => {
  service = await openS3Service();
  url = `s3://${service.bucket}/train.hxz`;
  await pack(records, path, { schema, blockBytes });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await service[Symbol.asyncDispose]();
});

/** All batches of two shuffled epochs, as text. */
async function batchesOf(where: string, options: Parameters<typeof openDataset>[1]): Promise<readonly string[]> {
  await using dataset = await openDataset(where, { ...options, cache: { memory: "8 MB" } });
  const batches: string[] = [];
  for (const epoch of [0, 1]) {
    const loader = dataset.loader({ batchSize: 100, shuffle: { seed: 7, mode: "window" } });
    for await (const { columns, indices } of loader.epoch(epoch)) {
      const { image, label, caption } = columns as Record<string, Uint8Array & { at(i: number): unknown }>;
      const captions = Array.from(indices, (_, i) => caption?.at(i));
      batches.push([Buffer.from(image ?? []).toString("base64"), label, JSON.stringify(captions), indices].join("|"));
    }
  }
  return batches;
}

it("trains from S3 with the same batches as from a file, packed there or copied", async () => {
  await pack(records, url, { schema, blockBytes, storage: { s3: service.options } });
  const local = await batchesOf(path, {});
  expect(local).toHaveLength(60);
  expect(await batchesOf(url, { storage: { s3: service.options } })).toEqual(local);
});

it("needs nothing but the address where the environment says the rest", async () => {
  await service.put("environment.hxz", await readFile(path));
  vi.stubEnv("AWS_ENDPOINT_URL_S3", service.options.endpoint);
  vi.stubEnv("AWS_REGION", service.options.region);
  vi.stubEnv("AWS_ACCESS_KEY_ID", service.options.credentials.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", service.options.credentials.secretAccessKey);
  await using dataset = await openDataset(`s3://${service.bucket}/environment.hxz`);
  expect(await dataset.get(41)).toEqual(records[41]);
});
