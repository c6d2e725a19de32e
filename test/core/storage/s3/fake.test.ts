import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  MultipartUpload,
  openS3Access,
  openS3Source,
  parseS3Url,
  resolveS3Options,
  S3Writer,
} from "../../../../src/core/storage/s3/index.js";
import { type S3Request, type S3Server, startS3Server } from "../../../support/s3-server.js";
import { S3Failure } from "../../../support/s3-signature.js";
import { S3Bucket } from "../../../support/s3-store.js";

// What a real service cannot be told to do: these run against the server in memory only.

const URL_OF_OBJECT = new URL("s3://bucket/object.bin");
const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) & 255);
let server: S3Server;
let clockOffsetMs = 0;
/** Refuses a request before it is served; loses the answer after. */
let lose: ((request: S3Request) => boolean) | undefined;
let refuse: ((request: S3Request) => S3Failure | undefined) | undefined;

beforeAll(async () => {
  server = await startS3Server({
    nowMs: () => Date.now() + clockOffsetMs,
    intercept: (request, serve) => {
      const failure = refuse?.(request);
      if (failure !== undefined) throw failure;
      const reply = serve();
      if (lose?.(request)) throw new S3Failure(500, "InternalError", "the answer was lost");
      return reply;
    },
  });
  const bucket = new S3Bucket();
  bucket.put("object.bin", bytes, { ifMatch: undefined, ifNoneMatch: undefined }, 0);
  server.buckets.set("bucket", bucket);
});
afterAll(() => server[Symbol.asyncDispose]());

/** Options with keys of which the server lets each be used until `expire` is called. */
function expiringKeys() {
  let asked = 0;
  const current = () => `CANARYKEY${asked}`;
  const credentials = async () => {
    asked++;
    const keys = { secretAccessKey: `canary-secret-${asked}`, sessionToken: `canary/token+${asked}=` };
    server.keys.set(current(), keys);
    return { accessKeyId: current(), ...keys };
  };
  const expire = () => {
    const key = server.keys.get(current());
    if (key !== undefined) server.keys.set(current(), { ...key, isExpired: true });
  };
  return { options: { endpoint: server.endpoint, credentials }, expire, asked: () => asked };
}

describe("reading", () => {
  test("opens with one request, which also brings the first bytes", async () => {
    const { options } = expiringKeys();
    const before = server.requests.length;
    await using source = await openS3Source(URL_OF_OBJECT, { s3: options });
    await source.readInto(0, new Uint8Array(512));
    expect(server.requests.slice(before).map(({ method, headers }) => [method, headers.range])).toEqual([
      ["GET", "bytes=0-65535"],
    ]);
    await source.readInto(100_000, new Uint8Array(10));
    const { headers } = server.requests.at(-1) ?? {};
    expect(headers).toMatchObject({ range: "bytes=100000-100009", "accept-encoding": "identity" });
    expect(headers?.["if-match"]).toMatch(/^"[0-9a-f]{32}"$/);
  });

  test("renews expired credentials once for all reads in flight", async () => {
    const { options, expire, asked } = expiringKeys();
    await using source = await openS3Source(URL_OF_OBJECT, { s3: options });
    for (let round = 2; round < 5; round++) {
      expire();
      const targets = Array.from({ length: 8 }, () => new Uint8Array(1000));
      await Promise.all(targets.map((target, i) => source.readInto(100_000 + i * 1000, target)));
      for (const [i, target] of targets.entries()) {
        expect(Buffer.compare(target, bytes.subarray(100_000 + i * 1000, 101_000 + i * 1000))).toBe(0);
      }
      expect(asked()).toBe(round);
    }
  });

  test("credentials that stay expired are an error, after one more try", async () => {
    const keys = { secretAccessKey: "canary-secret", sessionToken: "canary-token" };
    server.keys.set("CANARYSTATIC", { ...keys, isExpired: true });
    const credentials = { accessKeyId: "CANARYSTATIC", ...keys };
    const before = server.requests.length;
    const error = await openS3Source(URL_OF_OBJECT, { s3: { endpoint: server.endpoint, credentials } }).catch(
      (e: unknown) => e,
    );
    expect(error).toMatchObject({ code: "E_ACCESS", context: { reason: "ExpiredToken" } });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/canary/i);
    expect(server.requests.length - before).toBe(1);

    const { options, expire } = expiringKeys();
    const provider = async () => {
      const fresh = await options.credentials();
      expire();
      return fresh;
    };
    const again = openS3Source(URL_OF_OBJECT, { s3: { ...options, credentials: provider } });
    await expect(again).rejects.toMatchObject({ code: "E_ACCESS", context: { reason: "ExpiredToken" } });
  });

  test("names the clock, the region and a wrong token", async () => {
    const { options } = expiringKeys();
    clockOffsetMs = 20 * 60_000;
    await expect(openS3Source(URL_OF_OBJECT, { s3: options })).rejects.toThrow(/clock of this machine/);
    clockOffsetMs = 0;
    refuse = () => new S3Failure(301, "PermanentRedirect", "Use the endpoint", { Region: "eu-west-3" });
    await expect(openS3Source(URL_OF_OBJECT, { s3: options })).rejects.toMatchObject({
      code: "E_ACCESS",
      message: expect.stringContaining("set AWS_REGION=eu-west-3"),
    });
    refuse = undefined;
    const credentials = async () => ({ ...(await options.credentials()), sessionToken: "canary-wrong" });
    const error = await openS3Source(URL_OF_OBJECT, { s3: { ...options, credentials } }).catch(
      (caught: unknown) => caught,
    );
    expect(error).toMatchObject({ code: "E_ACCESS", context: { reason: "InvalidToken" } });
  });

  test("shows what the service says, but no secret it repeats", async () => {
    const { options } = expiringKeys();
    refuse = () => new S3Failure(403, "AccessDenied", "CANARYKEY1 with canary-secret-1 may not s3:GetObject");
    const error = await openS3Source(URL_OF_OBJECT, { s3: options }).catch((caught: unknown) => caught);
    refuse = undefined;
    expect(error).toMatchObject({
      context: { detail: "*** with *** may not s3:GetObject", requestId: "TEST0REQUEST" },
    });
  });
});

describe("writing", () => {
  async function openWriter(options: Parameters<typeof resolveS3Options>[0]): Promise<S3Writer> {
    const address = parseS3Url(new URL("s3://bucket/written.bin"));
    return S3Writer.open(address, await openS3Access(resolveS3Options(options, {}), address));
  }

  test("renews expired credentials once for all parts in flight", async () => {
    const { options, expire, asked } = expiringKeys();
    using writer = await openWriter(options);
    const upload = await MultipartUpload.create(writer);
    expire();
    for (let number = 1; number <= 8; number++) await upload.put(number, new Uint8Array(5 * 2 ** 20));
    expire();
    await upload.complete({ overwrite: true });
    expect(asked()).toBe(3);
  });

  test("every part is signed with the SHA-256 of its bytes", async () => {
    const { options } = expiringKeys();
    using writer = await openWriter(options);
    const before = server.requests.length;
    const upload = await MultipartUpload.create(writer);
    await upload.put(1, new Uint8Array(1000));
    await upload.complete({ overwrite: true });
    const part = server.requests.slice(before).find(({ method }) => method === "PUT");
    expect(part?.headers["x-amz-content-sha256"]).toMatch(/^[0-9a-f]{64}$/);
  });

  test("tries again what may work a moment later", async () => {
    const { options } = expiringKeys();
    using writer = await openWriter(options);
    let failures = 0;
    refuse = ({ method }) =>
      method === "PUT" && failures++ % 3 === 0 ? new S3Failure(503, "SlowDown", "") : undefined;
    const upload = await MultipartUpload.create(writer);
    for (let number = 1; number <= 3; number++) await upload.put(number, new Uint8Array(5 * 2 ** 20));
    await upload.complete({ overwrite: true });
    refuse = undefined;
    expect(failures).toBeGreaterThan(3);
  });

  test("a part that cannot be sent ends the upload with its error, which shows no secret", async () => {
    const { options } = expiringKeys();
    using writer = await openWriter(options);
    refuse = ({ method, query }) =>
      method === "PUT" && query.get("partNumber") === "2" ? new S3Failure(403, "AccessDenied", "no") : undefined;
    const upload = await MultipartUpload.create(writer);
    await upload.put(1, new Uint8Array(5 * 2 ** 20));
    await upload.put(2, new Uint8Array(5 * 2 ** 20));
    const error = await upload.complete({ overwrite: true }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "E_ACCESS", context: { status: 403 } });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/canary/i);
    refuse = undefined;
    await upload.abort();
    expect([...(server.buckets.get("bucket")?.uploads.keys() ?? [])]).toEqual([]);
  });

  test("an upload whose completion was answered into the void is complete", async () => {
    const { options } = expiringKeys();
    using writer = await openWriter(options);
    const upload = await MultipartUpload.create(writer);
    await upload.put(1, Uint8Array.from([1, 2, 3]));
    let calls = 0;
    server.buckets.get("bucket")?.delete("written.bin");
    lose = ({ query }) => query.has("uploadId") && calls++ === 0;
    await upload.complete({ overwrite: false });
    lose = undefined;
    expect(calls).toBeGreaterThan(1);
    expect([...(server.buckets.get("bucket")?.object("written.bin", undefined).bytes ?? [])]).toEqual([1, 2, 3]);
  });
});
