import { readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { pack } from "../../src/pack/index.js";
import { noise } from "../support/noise.js";
import { type S3Request, type S3Server, startS3Server } from "../support/s3-server.js";
import { S3Failure } from "../support/s3-signature.js";
import { S3Bucket } from "../support/s3-store.js";
import { tempDir } from "../support/temp-dir.js";
import { cli } from "./memory-io.js";

const MIB = 2 ** 20;
const ANY = { ifMatch: undefined, ifNoneMatch: undefined };
const root = await tempDir();
const original = join(root, "original.hxz");
let server: S3Server;
let bucket: S3Bucket;
let bytes: Buffer;
let copies = 0;
/** Requests that are refused: the copy ends there. */
let isRefused: (request: S3Request) => boolean = () => false;

beforeAll(async () => {
  server = await startS3Server({
    intercept: (request, serve) => {
      if (isRefused(request)) throw new S3Failure(403, "AccessDenied", "not now");
      return serve();
    },
  });
  vi.stubEnv("AWS_ENDPOINT_URL_S3", server.endpoint);
  vi.stubEnv("AWS_ACCESS_KEY_ID", server.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", server.secretAccessKey);
  await pack(noise(40 * MIB), original, { codec: "stored", workers: 0, blockBytes: "1 MiB" });
  bytes = await readFile(original);
});
beforeEach(() => {
  bucket = new S3Bucket();
  bucket.put("source.hxz", bytes, ANY, 0);
  server.buckets.set("bucket", bucket);
  server.requests.length = 0;
});
afterEach(() => {
  isRefused = () => false;
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server[Symbol.asyncDispose]();
});

const cp = async (...argv: string[]) => {
  const { exitCode, stdout, stderr } = await cli(["cp", "--json", ...argv]);
  return { exitCode, document: JSON.parse(exitCode === 0 ? stdout : stderr) };
};
const startOf = ({ headers }: S3Request) => Number(/^bytes=(\d+)-/.exec(headers.range ?? "")?.[1] ?? 0);
const partOf = ({ method, query }: S3Request) => (method === "PUT" ? Number(query.get("partNumber")) : 0);

describe("hexz cp to a file, interrupted", () => {
  const from = "s3://bucket/source.hxz";
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await tempDir();
    path = join(folder, "copy.hxz");
  });
  const partial = async () => {
    const [name, ...more] = (await readdir(folder)).filter((entry) => entry.endsWith(".part"));
    expect(more).toEqual([]);
    return name === undefined ? undefined : join(folder, name);
  };
  /** Copies what lies before `end`, and no more. */
  const interrupt = async (end: number) => {
    isRefused = (request) => startOf(request) >= end && startOf(request) < bytes.length - MIB;
    expect(await cp(from, path)).toMatchObject({ exitCode: 1, document: { error: { code: "E_ACCESS" } } });
    isRefused = () => false;
    server.requests.length = 0;
  };

  it("goes on where it was, and asks for nothing twice", async () => {
    await interrupt(24 * MIB);
    expect(await readdir(folder)).toEqual([basename((await partial()) ?? "")]);
    const { exitCode, document } = await cp(from, path);
    expect({ exitCode, document }).toMatchObject({ exitCode: 0, document: { resumedBytes: 24 * MIB } });
    expect(Buffer.compare(await readFile(path), bytes)).toBe(0);
    expect(await readdir(folder)).toEqual(["copy.hxz"]);
    // The first request opens it, another reads its tail.
    const starts = server.requests.map(startOf).sort((a, b) => a - b);
    expect(starts[0]).toBe(0);
    expect(starts[1]).toBeGreaterThanOrEqual(24 * MIB);
  });

  it("starts anew where the source has changed, though its size has not", async () => {
    await interrupt(16 * MIB);
    const other = join(root, "other.hxz");
    await pack(noise(40 * MIB, 2), other, { codec: "stored", workers: 0, blockBytes: "1 MiB", overwrite: true });
    const changed = await readFile(other);
    expect(changed.length).toBe(bytes.length);
    bucket.put("source.hxz", changed, ANY, 1000);
    expect(await cp(from, path)).toMatchObject({ exitCode: 0, document: { resumedBytes: 0 } });
    expect(Buffer.compare(await readFile(path), changed)).toBe(0);
  });

  it("refuses what was damaged meanwhile, and then starts anew", async () => {
    await interrupt(16 * MIB);
    const left = (await partial()) ?? "";
    const damaged = await readFile(left);
    damaged.writeUInt8(damaged.readUInt8(5 * MIB) ^ 1, 5 * MIB);
    await writeFile(left, damaged);
    expect(await cp(from, path)).toMatchObject({ exitCode: 1, document: { error: { code: "E_BLOCK_CORRUPT" } } });
    expect(await readdir(folder)).toEqual([]);
    expect(await cp(from, path)).toMatchObject({ exitCode: 0, document: { resumedBytes: 0 } });
  });

  it("with --no-resume starts over and leaves nothing", async () => {
    await interrupt(16 * MIB);
    isRefused = (request) => startOf(request) >= 24 * MIB && startOf(request) < bytes.length - MIB;
    expect(await cp("--no-resume", from, path)).toMatchObject({ exitCode: 1 });
    expect(await readdir(folder)).toEqual([]);
  });

  it("says what is left", async () => {
    isRefused = (request) => startOf(request) >= 16 * MIB && startOf(request) < bytes.length - MIB;
    const { stderr } = await cli(["cp", from, path]);
    expect(stderr).toContain("run the same command to go on");
    expect(stderr).toContain("no permission to read s3://bucket/source.hxz");
  });

  it("ends at an interrupt with what it has", async () => {
    const controller = new AbortController();
    isRefused = (request) => {
      if (startOf(request) >= 24 * MIB && startOf(request) < bytes.length - MIB) controller.abort();
      return false;
    };
    const { exitCode } = await cli(["cp", from, path], { signal: controller.signal });
    expect(exitCode).toBe(130);
    isRefused = () => false;
    expect(await cp(from, path)).toMatchObject({ exitCode: 0 });
    expect(Buffer.compare(await readFile(path), bytes)).toBe(0);
  });
});

describe("hexz cp to S3, interrupted", () => {
  const to = () => `s3://bucket/copy-${copies}.hxz`;
  beforeEach(() => {
    copies++;
  });
  const interrupt = async (part: number, ...flags: string[]) => {
    isRefused = (request) => partOf(request) === part;
    expect(await cp(...flags, original, to())).toMatchObject({
      exitCode: 1,
      document: { error: { code: "E_ACCESS" } },
    });
    isRefused = () => false;
    server.requests.length = 0;
  };
  const copied = () => bucket.object(`copy-${copies}.hxz`, undefined).bytes;
  const sentParts = () => server.requests.map(partOf).filter((part) => part > 0);

  it("goes on with the parts that are there", async () => {
    await interrupt(6);
    const [upload] = bucket.uploads.values();
    const there = [...(upload?.parts.keys() ?? [])].sort((a, b) => a - b);
    expect(there.length).toBeGreaterThan(0);
    const { exitCode, document } = await cp(original, to());
    expect(exitCode).toBe(0);
    expect(document.resumedBytes).toBe(there.length * 8 * MIB);
    expect(Buffer.compare(copied(), bytes)).toBe(0);
    expect(sentParts().sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6].filter((part) => !there.includes(part)));
    expect(bucket.uploads.size).toBe(0);
  });

  it("sends again a part that holds anything else", async () => {
    await interrupt(6);
    const [upload] = bucket.uploads.values();
    if (upload === undefined) throw new Error("there should be an upload");
    bucket.putPart(upload, 2, new Uint8Array(8 * MIB));
    expect(await cp(original, to())).toMatchObject({ exitCode: 0 });
    expect(sentParts()).toContain(2);
    expect(Buffer.compare(copied(), bytes)).toBe(0);
  });

  it("starts over where what is there has more parts than the source", async () => {
    await interrupt(6);
    const [upload] = bucket.uploads.values();
    if (upload === undefined) throw new Error("there should be an upload");
    bucket.putPart(upload, 9, new Uint8Array(8 * MIB));
    expect(await cp(original, to())).toMatchObject({ exitCode: 0, document: { resumedBytes: 0 } });
    expect(Buffer.compare(copied(), bytes)).toBe(0);
    expect(bucket.uploads.size).toBe(0);
  });

  it("with --no-resume leaves no parts, neither its own nor those of an earlier run", async () => {
    await interrupt(6);
    expect(bucket.uploads.size).toBe(1);
    await interrupt(6, "--no-resume");
    expect(bucket.uploads.size).toBe(0);
  });
});
