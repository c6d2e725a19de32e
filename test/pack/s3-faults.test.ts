import { setImmediate as turn } from "node:timers/promises";
import { inspect } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { pack } from "../../src/pack/index.js";
import { noise } from "../support/noise.js";
import { type S3Request, type S3Server, type S3ServerOptions, startS3Server } from "../support/s3-server.js";
import { S3Failure } from "../support/s3-signature.js";
import { S3Bucket } from "../support/s3-store.js";

const MIB = 2 ** 20;
let server: S3Server | undefined;
afterEach(async () => {
  await server?.[Symbol.asyncDispose]();
  server = undefined;
});

async function start(intercept: S3ServerOptions["intercept"]): Promise<S3Bucket> {
  server = await startS3Server(intercept === undefined ? {} : { intercept });
  const bucket = new S3Bucket();
  server.buckets.set("bucket", bucket);
  return bucket;
}

function packTo(url: string, lengthBytes = 12 * MIB) {
  const { endpoint = "", accessKeyId = "", secretAccessKey = "" } = server ?? {};
  const s3 = { endpoint, credentials: { accessKeyId, secretAccessKey }, partBytes: 5 * MIB };
  return pack(noise(lengthBytes), url, { workers: 0, codec: "stored", storage: { s3, attempts: 1 } });
}

describe("packing to S3, with faults", () => {
  it("leaves no part and no half object, whichever request is refused", async () => {
    const bucket = await start(undefined);
    await packTo("s3://bucket/probe.hxz");
    const requests = server?.requests.map(describeRequest) ?? [];
    expect(requests).toEqual(expect.arrayContaining(["HEAD", "POST uploads", "PUT uploadId", "POST uploadId", "GET"]));
    expect(bucket.uploads.size).toBe(0);
    await server?.[Symbol.asyncDispose]();

    const outcomes = new Set<string>();
    for (let k = 0; k < requests.length; k++) {
      let served = 0;
      const faulty = await start((_, serve) => {
        if (served++ === k) throw new S3Failure(403, "AccessDenied", "not this one");
        return serve();
      });
      const error = await packTo("s3://bucket/packed.hxz").catch((caught: unknown) => caught);
      const failed = server?.requests[k];
      const name = failed === undefined ? "nothing" : describeRequest(failed);
      outcomes.add(`${name}: ${error instanceof Error && "code" in error ? error.code : "published"}`);
      expect(faulty.uploads.size, name).toBe(0);
      const isThere = faulty.newest("packed.hxz") !== undefined;
      expect(isThere, name).toBe(name === "HEAD" || name === "GET");
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("canary");
      await server?.[Symbol.asyncDispose]();
    }
    expect(outcomes).toEqual(
      new Set([
        // Who may not look at objects may still write them; completing decides whether the key is free.
        "HEAD: published",
        "POST uploads: E_ACCESS",
        "PUT uploadId: E_ACCESS",
        "POST uploadId: E_ACCESS",
        // The object is there by then; it could not be read back.
        "GET: E_ACCESS",
      ]),
    );
  });

  it("has at most four parts under way", async () => {
    let underWay = 0;
    let most = 0;
    await start(async ({ method }, serve) => {
      if (method !== "PUT") return serve();
      most = Math.max(most, ++underWay);
      // The server takes its time: whoever sends without waiting is seen.
      for (let i = 0; i < 200; i++) await turn();
      underWay--;
      return serve();
    });
    await packTo("s3://bucket/packed.hxz", 60 * MIB);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4);
  });

  it("sends the part with the header last of all", async () => {
    await start(undefined);
    await packTo("s3://bucket/packed.hxz", 40 * MIB);
    const parts = (server?.requests ?? [])
      .filter(({ method }) => method === "PUT")
      .map(({ query }) => query.get("partNumber"));
    expect(parts.length).toBeGreaterThan(8);
    // Four are under way at once, so that it may overtake those before it.
    expect(parts.slice(-4)).toContain("1");
  });

  it("warns of parts it could not remove", async () => {
    const bucket = await start(({ method, query }, serve) => {
      if (method === "DELETE" || query.get("partNumber") === "1") throw new S3Failure(403, "AccessDenied", "no");
      return serve();
    });
    const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
    await expect(packTo("s3://bucket/packed.hxz")).rejects.toMatchObject({ code: "E_ACCESS" });
    const [id] = bucket.uploads.keys();
    expect((await warned).message).toContain(`the unfinished upload ${id} of s3://bucket/packed.hxz`);
  });
});

function describeRequest({ method, query }: S3Request): string {
  const marks = ["uploads", "uploadId"].filter((name) => query.has(name));
  return [method, ...marks].join(" ");
}
