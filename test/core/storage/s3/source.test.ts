import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { SignatureV4 } from "@smithy/signature-v4";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { openSource } from "../../../../src/core/storage/index.js";
import type { RangeSource } from "../../../../src/core/storage/port.js";
import { openS3Source, type S3Options } from "../../../../src/core/storage/s3/index.js";
import { Sha256 } from "../../../../src/core/storage/s3/signer.js";
import { openS3Service, type S3Service } from "../../../support/s3-service.js";
import { tempDir } from "../../../support/temp-dir.js";
import { storageConformance } from "../conformance.js";

const root = await tempDir();
let service: S3Service;
let objects = 0;

beforeAll(async () => {
  service = await openS3Service();
});
afterAll(() => service[Symbol.asyncDispose]());

async function openObject(bytes: Uint8Array, key = `a folder/object ${objects++} é+&=.bin`): Promise<RangeSource> {
  await service.put(key, bytes);
  return openS3Source(urlOf(key), { s3: service.options });
}

function urlOf(key: string, bucket = service.bucket): URL {
  return new URL(`s3://${bucket}/${encodeURIComponent(key)}`);
}

async function all(source: RangeSource): Promise<number[]> {
  const target = new Uint8Array(source.size);
  await source.readInto(0, target);
  return [...target];
}

storageConformance("s3", (bytes) => openObject(bytes));

describe("openS3Source", () => {
  test("reads an object of no bytes", async () => {
    await using source = await openObject(new Uint8Array(0));
    expect(source.size).toBe(0);
  });

  test("a changed object is a changed source, also where its size is the same", async () => {
    for (const size of [200_000, 100]) {
      const key = `changing ${size}`;
      await using source = await openObject(new Uint8Array(200_000), key);
      await service.put(key, new Uint8Array(size).fill(7));
      const target = new Uint8Array(1000);
      await expect(source.readInto(150_000, target)).rejects.toMatchObject({ code: "E_SOURCE_CHANGED" });
      expect(target.some((byte) => byte === 7)).toBe(false);
    }
  });

  test("reads a version that is no longer the newest", async () => {
    const versionId = await service.put("versioned", Uint8Array.from([1, 2, 3]), service.versionedBucket);
    await service.put("versioned", Uint8Array.from([4]), service.versionedBucket);
    const url = urlOf("versioned", service.versionedBucket);
    await using newest = await openS3Source(url, { s3: service.options });
    expect(await all(newest)).toEqual([4]);
    url.searchParams.set("versionId", versionId ?? "");
    await using older = await openS3Source(url, { s3: service.options });
    expect(await all(older)).toEqual([1, 2, 3]);
    expect(older.identity).not.toBe(newest.identity);
  });

  test("reads a public object without credentials, and no other", async () => {
    const { endpoint, region } = service.options;
    await service.put("open", Uint8Array.from([5]), service.publicBucket);
    await service.put("private", Uint8Array.from([6]));
    await using source = await openS3Source(urlOf("open", service.publicBucket), {
      s3: { endpoint, region, anonymous: true },
    });
    expect(await all(source)).toEqual([5]);
    const refused = openS3Source(urlOf("private"), { s3: { endpoint, region, anonymous: true } });
    await expect(refused).rejects.toMatchObject({ code: "E_ACCESS", context: { status: 403, reason: "AccessDenied" } });
    await expect(refused).rejects.toThrow(/not public/);
  });

  test("a presigned address is one of http, and its signature is shown nowhere", async () => {
    await service.put("presigned", Uint8Array.from([7, 8]));
    const { region, endpoint, credentials } = service.options;
    const { host, hostname } = new URL(endpoint);
    const signer = new SignatureV4({ service: "s3", region, credentials, sha256: Sha256, uriEscapePath: false });
    const path = `/${service.bucket}/presigned`;
    const { query } = await signer.presign({
      method: "GET",
      protocol: "http:",
      hostname,
      path,
      headers: { host, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
    });
    const url = new URL(`${endpoint}${path}?${new URLSearchParams(query as Record<string, string>)}`);
    await using source = await openSource(url, { allowPrivate: true });
    expect(await all(source)).toEqual([7, 8]);
    expect(`${source.name} ${source.identity} ${inspect(source, { depth: 9 })}`).not.toMatch(/X-Amz|Signature/i);
    url.searchParams.set("X-Amz-Signature", "0".repeat(64));
    const error = await openSource(url, { allowPrivate: true }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "E_ACCESS" });
    expect(inspect(error, { depth: 9 })).not.toMatch(/X-Amz/i);
  });

  test("says in one sentence what is wrong, and shows no secret", async () => {
    await service.put("there", new Uint8Array(1));
    const { credentials } = service.options;
    const { accessKeyId } = credentials;
    const secretAccessKey = "canary-wrong-secret";
    const cases: readonly (readonly [URL, S3Options, string, RegExp])[] = [
      [urlOf("none"), {}, "E_NOT_FOUND", /none does not exist/],
      [urlOf("key", "hexz-no-bucket"), {}, "E_NOT_FOUND", /bucket hexz-no-bucket does not exist/],
      [urlOf("there"), { credentials: { accessKeyId, secretAccessKey } }, "E_ACCESS", /secret access key is wrong/],
      [
        urlOf("there"),
        { credentials: { accessKeyId: "canary-id", secretAccessKey } },
        "E_ACCESS",
        /does not know these credentials/,
      ],
      [urlOf("there"), { region: "eu-north-1" }, "E_ACCESS", /region/],
      [urlOf("there"), { endpoint: "http://127.0.0.1:1" }, "E_NETWORK", /refuses the connection/],
    ];
    for (const [url, options, code, message] of cases) {
      const error = await openS3Source(url, { s3: { ...service.options, ...options }, attempts: 1 }).catch(
        (caught: unknown) => caught,
      );
      expect(error, String(message)).toMatchObject({ code, message: expect.stringMatching(message) });
      const shown = `${inspect(error, { depth: 9, showHidden: true })}${JSON.stringify(error)}`;
      expect(shown).not.toMatch(/canary|Signature=/);
      expect(shown).not.toContain(credentials.secretAccessKey);
    }
  });

  describe("without credentials in options and environment", () => {
    const keysFile = join(root, "credentials");
    const writeKeys = (secret: string) => {
      const { accessKeyId } = service.options.credentials;
      return writeFile(keysFile, `[default]\naws_access_key_id=${accessKeyId}\naws_secret_access_key=${secret}\n`);
    };
    beforeEach(() => {
      for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"]) vi.stubEnv(name, undefined);
      vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
      vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", keysFile);
      vi.stubEnv("AWS_CONFIG_FILE", join(root, "none"));
    });
    afterEach(() => {
      vi.unstubAllEnvs();
    });
    const open = () => {
      const { endpoint, region } = service.options;
      return openS3Source(urlOf("there"), { s3: { endpoint, region }, attempts: 1 });
    };

    test("those of the AWS configuration are used, as its files are now", async () => {
      await service.put("there", Uint8Array.from([9]));
      await writeKeys("canary-old-secret");
      await expect(open()).rejects.toMatchObject({ code: "E_ACCESS" });
      await writeKeys(service.options.credentials.secretAccessKey);
      await using source = await open();
      expect(await all(source)).toEqual([9]);
    });

    test("it is said that there are none", async () => {
      await writeFile(keysFile, "");
      await expect(open()).rejects.toMatchObject({
        code: "E_ACCESS",
        message: expect.stringContaining("no credentials"),
      });
    });
  });

  test("an open source shows no secret", async () => {
    await using source = await openObject(Uint8Array.from([1]));
    const shown = `${inspect(source, { depth: 9, showHidden: true })}${JSON.stringify(source)}`;
    expect(shown).not.toContain(service.options.credentials.secretAccessKey);
    expect(shown).not.toContain(service.options.credentials.accessKeyId);
  });
});
