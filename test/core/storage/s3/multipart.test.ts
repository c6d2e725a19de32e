import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  MultipartUpload,
  objectExists,
  openS3Access,
  parseS3Url,
  resolveS3Options,
  S3Writer,
} from "../../../../src/core/storage/s3/index.js";
import { openS3Service, type S3Service } from "../../../support/s3-service.js";

const PART_BYTES = 5 * 2 ** 20;
let service: S3Service;
let objects = 0;

beforeAll(async () => {
  service = await openS3Service();
});
afterAll(() => service[Symbol.asyncDispose]());

async function openWriter(key = `upload ${objects++}.bin`, bucket = service.bucket): Promise<S3Writer> {
  const address = parseS3Url(new URL(`s3://${bucket}/${encodeURIComponent(key)}`));
  return S3Writer.open(address, await openS3Access(resolveS3Options(service.options, {}), address));
}

const filled = (value: number, length = PART_BYTES) => new Uint8Array(length).fill(value);

describe("MultipartUpload", () => {
  test("makes an object of parts sent in any order, the last one short", async () => {
    using writer = await openWriter();
    expect(await objectExists(writer)).toBe(false);
    const upload = await MultipartUpload.create(writer);
    await upload.put(2, filled(2));
    await upload.put(3, filled(3, 10));
    await upload.put(1, filled(1));
    await upload.complete({ overwrite: false });
    expect(await objectExists(writer)).toBe(true);
    expect(await service.unfinished()).toEqual([]);
  });

  test("lets one of several creators win, whoever asks in which order", async () => {
    const key = "race.bin";
    const writers = await Promise.all(Array.from({ length: 5 }, () => openWriter(key)));
    const uploads = await Promise.all(writers.map((writer) => MultipartUpload.create(writer)));
    await Promise.all(uploads.map((upload, i) => upload.put(1, filled(i, 1000))));
    const outcomes = await Promise.allSettled(uploads.map((upload) => upload.complete({ overwrite: false })));
    const lost = outcomes.filter((outcome) => outcome.status === "rejected");
    expect(lost).toHaveLength(4);
    for (const { reason } of lost) expect(reason).toMatchObject({ code: "E_EXISTS" });
    await Promise.all(uploads.map((upload, i) => outcomes[i]?.status === "rejected" && upload.abort()));
    expect(await service.unfinished()).toEqual([]);
    for (const writer of writers) writer[Symbol.dispose]();
  });

  test("replaces with overwrite", async () => {
    using writer = await openWriter("replaced.bin");
    for (const value of [1, 2]) {
      const upload = await MultipartUpload.create(writer);
      await upload.put(1, filled(value, 10));
      await upload.complete({ overwrite: true });
    }
    expect(await objectExists(writer)).toBe(true);
  });

  test("abort leaves nothing, also of parts under way, and may be repeated", async () => {
    using writer = await openWriter();
    const upload = await MultipartUpload.create(writer);
    for (const number of [1, 2, 3]) await upload.put(number, filled(number));
    await upload.abort();
    await upload.abort();
    expect(await service.unfinished()).toEqual([]);
    await expect(upload.put(4, filled(4))).rejects.toThrow();
  });

  test("goes on with what another run left", async () => {
    const key = "resumed.bin";
    using writer = await openWriter(key);
    expect(await MultipartUpload.resume(writer)).toBeUndefined();
    using longer = await openWriter(`${key}.longer`);
    const other = await MultipartUpload.create(longer);
    const first = await MultipartUpload.create(writer);
    await first.put(1, filled(1));
    await first.put(3, filled(3, 7));
    await first.settle();
    const second = await MultipartUpload.resume(writer);
    expect(second?.id).toBe(first.id);
    const etag = (bytes: Uint8Array) => `"${createHash("md5").update(bytes).digest("hex")}"`;
    expect(second?.parts).toEqual(
      new Map([
        [1, { etag: etag(filled(1)), sizeBytes: PART_BYTES }],
        [3, { etag: etag(filled(3, 7)), sizeBytes: 7 }],
      ]),
    );
    await second?.put(2, filled(2));
    await second?.complete({ overwrite: false });
    expect(await objectExists(writer)).toBe(true);
    await other.abort();
    expect(await service.unfinished()).toEqual([]);
  });

  test("an aborted signal ends it with its reason", async () => {
    using writer = await openWriter();
    const controller = new AbortController();
    const upload = await MultipartUpload.create(writer, controller.signal);
    await upload.put(1, filled(1));
    const reason = new Error("not needed any more");
    controller.abort(reason);
    await expect(upload.put(2, filled(2))).rejects.toBe(reason);
    await expect(upload.complete({ overwrite: true })).rejects.toBe(reason);
    await upload.abort();
    expect(await service.unfinished()).toEqual([]);
  });

  test("names a bucket that is not there", async () => {
    using writer = await openWriter("key", "hexz-no-such-bucket");
    const error = await MultipartUpload.create(writer).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "E_NOT_FOUND", context: { reason: "NoSuchBucket" } });
    expect(String(error)).toContain("bucket hexz-no-such-bucket does not exist");
  });
});
