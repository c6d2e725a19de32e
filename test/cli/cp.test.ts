import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { pack } from "../../src/pack/index.js";
import { noise } from "../support/noise.js";
import { openS3Service, type S3Service } from "../support/s3-service.js";
import { tempDir } from "../support/temp-dir.js";
import { cli } from "./memory-io.js";

const MIB = 2 ** 20;
const root = await tempDir();
const original = join(root, "original.hxz");
let service: S3Service;
let bytes: Buffer;
let copies = 0;

beforeAll(async () => {
  service = await openS3Service();
  vi.stubEnv("AWS_ENDPOINT_URL_S3", service.options.endpoint);
  vi.stubEnv("AWS_REGION", service.options.region);
  vi.stubEnv("AWS_ACCESS_KEY_ID", service.options.credentials.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", service.options.credentials.secretAccessKey);
  await pack(noise(19 * MIB), original, { codec: "stored", workers: 0, blockBytes: "1 MiB" });
  bytes = await readFile(original);
});
afterEach(async () => expect(await service.unfinished()).toEqual([]));
afterAll(async () => {
  vi.unstubAllEnvs();
  await service[Symbol.asyncDispose]();
});

const freshUrl = () => `s3://${service.bucket}/copies/${copies++}.hxz`;
const freshPath = () => join(root, `copy-${copies++}.hxz`);

async function cp(...argv: string[]) {
  const result = await cli(["cp", "--json", ...argv]);
  expect(result.stdout + result.stderr).not.toContain(service.options.credentials.secretAccessKey);
  return { ...result, document: JSON.parse(result.exitCode === 0 ? result.stdout : result.stderr) };
}

async function download(url: string): Promise<Uint8Array> {
  const { host: Bucket, pathname } = new URL(url);
  const { Body } = await service.client.send(new GetObjectCommand({ Bucket, Key: pathname.slice(1) }));
  return (await Body?.transformToByteArray()) ?? new Uint8Array();
}

describe("hexz cp", () => {
  it("copies from file to S3, from S3 to S3 and from S3 to file, byte by byte the same", async () => {
    const [first, second, path] = [freshUrl(), freshUrl(), freshPath()];
    const up = await cp(original, first);
    expect(up).toMatchObject({ exitCode: 0, document: { ok: true, source: original, destination: first } });
    expect(up.document).toMatchObject({ bytes: bytes.length, resumedBytes: 0, verified: true });
    expect(Buffer.compare(await download(first), bytes)).toBe(0);
    expect(await cp(first, second)).toMatchObject({ exitCode: 0, document: { id: up.document.id } });
    expect(await cp(second, path)).toMatchObject({ exitCode: 0, document: { id: up.document.id, source: second } });
    expect(Buffer.compare(await readFile(path), bytes)).toBe(0);
  });

  it("copies from http to file and to S3", async () => {
    await service.put("open.hxz", bytes, service.publicBucket);
    const web = `${service.options.endpoint}/${service.publicBucket}/open.hxz`;
    const [path, url] = [freshPath(), freshUrl()];
    expect(await cp(web, path)).toMatchObject({ exitCode: 0 });
    expect(Buffer.compare(await readFile(path), bytes)).toBe(0);
    expect(await cp(web, url)).toMatchObject({ exitCode: 0 });
    expect(Buffer.compare(await download(url), bytes)).toBe(0);
  });

  it("copies from file to file, with a summary and a line of progress on a terminal", async () => {
    const path = freshPath();
    const { exitCode, stdout, stderr } = await cli(["cp", original, path], { isTerminal: true });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/copy-\d+\.hxz: 19\.9 MB, every block verified, in /);
    expect(stderr).toContain("bytes");
    expect(Buffer.compare(await readFile(path), bytes)).toBe(0);
  });

  it("leaves what is there, and replaces it with --overwrite", async () => {
    for (const destination of [freshPath(), freshUrl()]) {
      expect(await cp(original, destination)).toMatchObject({ exitCode: 0 });
      const refused = await cp(original, destination);
      expect(refused).toMatchObject({ exitCode: 1, document: { error: { code: "E_EXISTS" } } });
      expect(await cp("--overwrite", original, destination)).toMatchObject({ exitCode: 0 });
    }
  });

  it("copies snapshots only, and says so before it writes anything", async () => {
    const text = join(root, "text.txt");
    await writeFile(text, "hello");
    const path = freshPath();
    expect(await cp(text, path)).toMatchObject({ exitCode: 1, document: { error: { code: "E_NOT_SNAPSHOT" } } });
    expect(await cp(text, freshUrl())).toMatchObject({ exitCode: 1, document: { error: { code: "E_NOT_SNAPSHOT" } } });
    expect(await cp(freshUrl(), path)).toMatchObject({ exitCode: 1, document: { error: { code: "E_NOT_FOUND" } } });
    expect((await readdir(root)).filter((name) => name.includes("part"))).toEqual([]);
  });

  it("refuses destinations that cannot be written as wrong usage", async () => {
    for (const destination of ["https://host/x.hxz", "", "s3://bucket", "s3://bucket/key?versionId=1"]) {
      expect(await cp(original, destination), destination).toMatchObject({ exitCode: 2 });
    }
  });

  it("does not publish a copy of a damaged snapshot as a file", async () => {
    const damaged = Buffer.from(bytes);
    damaged.writeUInt8(damaged.readUInt8(10 * MIB) ^ 1, 10 * MIB);
    await service.put("damaged.hxz", damaged);
    const path = freshPath();
    const failed = await cp(`s3://${service.bucket}/damaged.hxz`, path);
    expect(failed).toMatchObject({ exitCode: 1, document: { error: { code: "E_BLOCK_CORRUPT" } } });
    expect((await readdir(root)).filter((name) => path.endsWith(name) || name.includes("part"))).toEqual([]);
  });
});
