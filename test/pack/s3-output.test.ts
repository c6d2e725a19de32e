import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSnapshot } from "../../src/core/snapshot.js";
import { openS3Source } from "../../src/core/storage/s3/index.js";
import { fields } from "../../src/dataset/fields.js";
import { type PackOptions, pack } from "../../src/pack/index.js";
import { noise } from "../support/noise.js";
import { openS3Service, type S3Service } from "../support/s3-service.js";
import { tempDir } from "../support/temp-dir.js";

const root = await tempDir();
const MIB = 2 ** 20;
const records = Array.from({ length: 2000 }, (_, i) => ({ value: Math.sqrt(i), text: `record ${i}` }));
const schema = { value: fields.float64(), text: fields.utf8() };

let service: S3Service;
let objects = 0;
beforeAll(async () => {
  service = await openS3Service();
});
afterAll(() => service[Symbol.asyncDispose]());

const freshUrl = () => `s3://${service.bucket}/packed/${objects++}.hxz`;
const settings = (): PackOptions => ({ workers: 0, storage: { s3: { ...service.options, partBytes: 5 * MIB } } });

async function download(url: string): Promise<Uint8Array> {
  const { host: Bucket, pathname } = new URL(url);
  const { Body } = await service.client.send(new GetObjectCommand({ Bucket, Key: pathname.slice(1) }));
  return (await Body?.transformToByteArray()) ?? new Uint8Array();
}

async function exists(url: string): Promise<boolean> {
  const source = await openS3Source(new URL(url), { s3: service.options }).catch(() => undefined);
  await source?.close();
  return source !== undefined;
}

describe("packing to S3", () => {
  it("writes the bytes a file gets, in several parts and in one", async () => {
    const path = join(root, "local.hxz");
    for (const sizeBytes of [17 * MIB, 1000]) {
      const input = () => (sizeBytes === 1000 ? new Uint8Array(sizeBytes) : noise(sizeBytes));
      const url = freshUrl();
      const remote = await pack(input(), url, settings());
      const local = await pack(input(), path, { workers: 0, overwrite: true });
      expect(remote).toEqual({ ...local, path: url });
      expect(Buffer.compare(await download(url), await readFile(path))).toBe(0);
    }
    expect(await service.unfinished()).toEqual([]);
  });

  it("opens from S3 as the same snapshot, every byte verified", async () => {
    const url = freshUrl();
    const { id } = await pack(records, url, { ...settings(), schema });
    await using snapshot = await openSnapshot(await openS3Source(new URL(url), { s3: service.options }));
    expect(snapshot).toMatchObject({ id, length: records.length, name: url });
    await snapshot.verify({ deep: true });
  });

  it("refuses a key that is taken before the input is read, and replaces it with overwrite", async () => {
    const url = freshUrl();
    await pack(records, url, { ...settings(), schema });
    const untouched = {
      [Symbol.iterator]: () => {
        throw new Error("the input was read");
      },
    };
    await expect(pack(untouched, url, { ...settings(), schema })).rejects.toMatchObject({
      code: "E_EXISTS",
      context: { path: url },
    });
    const { id } = await pack(records.slice(1), url, { ...settings(), schema, overwrite: true });
    await using snapshot = await openSnapshot(await openS3Source(new URL(url), { s3: service.options }));
    expect(snapshot.id).toBe(id);
    expect(await service.unfinished()).toEqual([]);
  });

  it("lets one of two who create it at the same time win; what the other sent is gone", async () => {
    const url = freshUrl();
    const outcomes = await Promise.allSettled(
      [0, 1].map((i) => pack(records.slice(i), url, { ...settings(), schema })),
    );
    const won = outcomes.filter((outcome) => outcome.status === "fulfilled");
    const lost = outcomes.filter((outcome) => outcome.status === "rejected");
    expect([won.length, lost.length]).toEqual([1, 1]);
    expect(lost[0]?.reason).toMatchObject({ code: "E_EXISTS" });
    await using snapshot = await openSnapshot(await openS3Source(new URL(url), { s3: service.options }));
    expect(snapshot.id).toBe(won[0]?.value.id);
    expect(await service.unfinished()).toEqual([]);
  });

  it("leaves neither object nor parts where the input fails or a signal aborts", async () => {
    const failing = (function* () {
      yield* noise(12 * MIB);
      throw new Error("the input broke");
    })();
    const url = freshUrl();
    await expect(pack(failing, url, settings())).rejects.toThrow("the input broke");
    const controller = new AbortController();
    const reason = new Error("not needed any more");
    const onProgress: PackOptions["onProgress"] = ({ bytesOut }) => {
      if (bytesOut > 11 * MIB) controller.abort(reason);
    };
    const aborted = pack(noise(30 * MIB), url, { ...settings(), signal: controller.signal, onProgress });
    await expect(aborted).rejects.toBe(reason);
    expect(await exists(url)).toBe(false);
    expect(await service.unfinished()).toEqual([]);
  });

  it("names what is wrong with the destination", async () => {
    const wrong: readonly (readonly [string, RegExp | object])[] = [
      ["s3://bucket", /names no object/],
      ["s3://bucket/folder/", /names no object/],
      ["s3://bucket/key?versionId=1", /must not name a version/],
      ["https://host/x.hxz", /got https:\/\//],
      ["s3://hexz-no-such-bucket/key.hxz", { code: "E_NOT_FOUND" }],
    ];
    for (const [url, expected] of wrong) {
      const error = await pack(new Uint8Array(10), url, settings()).catch((caught: unknown) => caught);
      if (expected instanceof RegExp) expect(String(error)).toMatch(expected);
      else expect(error).toMatchObject(expected);
    }
  });
});
