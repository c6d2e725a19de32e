import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openSnapshot, type Snapshot } from "../../src/core/snapshot.js";
import { openHttpSource } from "../../src/core/storage/http.js";
import type { StorageOptions } from "../../src/core/storage/index.js";
import { fields } from "../../src/dataset/fields.js";
import { isHexzError } from "../../src/errors.js";
import { pack } from "../../src/pack/index.js";
import { type Fault, type FaultProxy, faultAt, openFaultProxy } from "../support/fault-proxy.js";
import { openRangeServer, type RangeServer } from "../support/range-server.js";
import { tempDir } from "../support/temp-dir.js";

const folder = await tempDir();
const BLOCK_BYTES = 4096;
/** Bytes no codec makes smaller, so that the file is larger than what its opening brings. */
const stream = Uint8Array.from({ length: 400_000 }, (_, i) => (Math.imul(i + 1, 0x9e3779b1) >>> 13) & 255);

let server: RangeServer;
let proxy: FaultProxy;
beforeAll(async () => {
  await pack(stream, join(folder, "bytes.hxz"), { blockBytes: BLOCK_BYTES, codec: "stored", cut: "fixed", workers: 0 });
  const noise = (id: number) =>
    Array.from({ length: 8 }, (_, i) => Math.imul(id * 8 + i + 1, 0x9e3779b1).toString(36)).join("");
  const records = Array.from({ length: 4000 }, (_, id) => ({ id, text: "x".repeat(id % 97) + noise(id) }));
  const schema = { id: fields.int32(), text: fields.utf8() };
  await pack(records, join(folder, "records.hxz"), { schema, blockBytes: 2048, workers: 0 });
  const served = (name: string) => ({ bytes: readFileSync(join(folder, name)), etag: `"${name}"` });
  server = await openRangeServer({ "/bytes.hxz": served("bytes.hxz"), "/records.hxz": served("records.hxz") });
});
afterAll(() => server.close());
beforeEach(async () => {
  proxy = await openFaultProxy(server.url);
});
afterEach(() => proxy.close());

/** Opens through the proxy, with no pause between attempts: they are what is counted. */
async function open(name = "bytes.hxz", storage: StorageOptions = {}): Promise<Snapshot> {
  const url = new URL(proxy.urlOf(`/${name}`));
  return openSnapshot(await openHttpSource(url, { allowPrivate: true, ...storage }, { random: () => 0 }));
}

describe("a snapshot over http", () => {
  it.each(["bytes.hxz", "records.hxz"])("%s opens with two requests and is the same as the file", async (name) => {
    await using remote = await openSnapshot(proxy.urlOf(`/${name}`), { storage: { allowPrivate: true } });
    expect(proxy.requests.map(({ range }) => range?.[0])).toEqual([0, remote.header.countsOffset]);
    await using local = await openSnapshot(join(folder, name));
    expect([remote.id, remote.size, remote.length, remote.schema]).toEqual([
      local.id,
      local.size,
      local.length,
      local.schema,
    ]);
    expect(Buffer.compare(await remote.read(0, remote.size), await local.read(0, local.size))).toBe(0);
    expect(await remote.verify({ deep: true })).toEqual(await local.verify({ deep: true }));
  });

  it("reads many blocks at once with few requests, and no byte twice", async () => {
    await using remote = await open();
    await remote.readBlock(0);
    proxy.reset();
    const blocks = Array.from({ length: 60 }, (_, i) => 20 + i);
    const bytes = await Promise.all(blocks.map((block) => remote.readBlock(block)));
    expect(Buffer.compare(Buffer.concat(bytes), stream.subarray(20 * BLOCK_BYTES, 80 * BLOCK_BYTES))).toBe(0);
    expect([proxy.requests.length, proxy.bytes]).toEqual([1, 60 * BLOCK_BYTES]);
  });

  it("names the address, and not its query, where the file is none", async () => {
    server.files.set("/page.hxz", { bytes: Buffer.from("hello".repeat(200)), etag: '"x"' });
    const error: unknown = await openSnapshot(proxy.urlOf("/page.hxz?sig=canary"), {
      storage: { allowPrivate: true },
    }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "E_NOT_SNAPSHOT" });
    expect(String(error)).toContain(proxy.urlOf("/page.hxz"));
    expect(String(error)).not.toContain("canary");
    await expect(open("none.hxz")).rejects.toMatchObject({ code: "E_NOT_FOUND" });
  });
});

/** Requests of {@link readParts}, in order. */
const PLACES = ["the opening", "the tail", "an index page", "a data block", "the last block"];

/** Opens, reads a block in the middle and the last one; five requests. */
async function readParts(storage: StorageOptions = {}): Promise<boolean> {
  await using snapshot = await open("bytes.hxz", storage);
  const last = snapshot.header.blocks - 1;
  const parts = [await snapshot.readBlock(50), await snapshot.readBlock(last)];
  const starts = [50 * BLOCK_BYTES, last * BLOCK_BYTES];
  return parts.every(
    (part, i) => Buffer.compare(part, stream.subarray(starts[i], (starts[i] ?? 0) + part.length)) === 0,
  );
}

const FAULTS: Readonly<Record<string, Fault>> = {
  refuse: { kind: "refuse" },
  "503": { kind: "status", status: 503, headers: { "retry-after": "0" } },
  "404": { kind: "status", status: 404 },
  "403": { kind: "status", status: 403 },
  "412": { kind: "status", status: 412 },
  "416": { kind: "status", status: 416 },
  stall: { kind: "stall" },
  "stall in the body": { kind: "stall", atByte: 7 },
  "reset at 0": { kind: "reset", atByte: 0 },
  "reset at 99": { kind: "reset", atByte: 99 },
  fin: { kind: "fin", atByte: 99, framing: "length" },
  "short chunked body": { kind: "fin", atByte: 99, framing: "chunked" },
  "short body to the close": { kind: "fin", atByte: 99, framing: "close" },
  "extra bytes": { kind: "extra", bytes: 1 },
  "200 for 206": { kind: "whole" },
  "wrong range": { kind: "head", headers: { "content-range": "bytes 1-2/3" } },
  gzip: { kind: "head", headers: { "content-encoding": "gzip" } },
  "another ETag": { kind: "head", headers: { etag: '"other"' } },
  "bit flip": { kind: "flip", atByte: 99 },
};

describe("a fault anywhere gives right bytes or a typed error, in time", () => {
  const cells = Object.keys(FAULTS).flatMap((name) => PLACES.map((where, place) => ({ name, where, place })));

  it.each(cells)("$name in $where", async ({ name, place }) => {
    const fault = FAULTS[name] ?? expect.unreachable();
    // Short only where the fault is that nothing comes: elsewhere a busy machine must not look like a fault.
    const limits = fault.kind === "stall" ? { firstByteTimeoutMs: 60, idleTimeoutMs: 60 } : {};
    const outcomes: string[] = [];
    for (const times of [1, 3, Number.POSITIVE_INFINITY]) {
      proxy.reset();
      proxy.script = faultAt(fault, place, times);
      outcomes.push(
        await readParts({ attempts: 4, ...limits }).then(
          (isRight) => (isRight ? "right" : "WRONG BYTES"),
          (error) => (isHexzError(error) ? error.code : `not typed: ${error}`),
        ),
      );
    }
    for (const outcome of outcomes) expect(outcome).toMatch(/^(right|E_[A-Z_]+)$/);
    if (/^(refuse|503|reset|fin|short|extra)/.test(name)) expect(outcomes.slice(0, 2)).toEqual(["right", "right"]);
    if (name === "bit flip") expect(outcomes[0]).toMatch(/^E_(BLOCK_CORRUPT|CORRUPT|NOT_SNAPSHOT)$/);
    if (/another ETag|412|416/.test(name) && place > 0)
      expect(new Set(outcomes)).toEqual(new Set(["E_SOURCE_CHANGED"]));
  });
});

it("chaos: thousands of reads through a bad network, right or typed, with little asked twice", async () => {
  let state = 20_261_124;
  const random = () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
  await using snapshot = await open("bytes.hxz", {
    coalesce: { gapBytes: 0, requestBytes: BLOCK_BYTES },
    firstByteTimeoutMs: 2000,
    idleTimeoutMs: 200,
  });
  await snapshot.readBlock(0);
  proxy.reset();
  proxy.script = () => {
    const dice = random() * 100;
    if (dice < 5) return { kind: "status", status: 503, headers: { "retry-after": "0" } };
    if (dice < 7) return { kind: "reset", atByte: 2000 };
    if (dice < 8) return { kind: "fin", atByte: 1000, framing: "chunked" };
    if (dice < 8.2) return { kind: "stall", atByte: 100 };
    if (dice < 8.7) return { kind: "flip", atByte: 300 };
    if (dice < 9.2) return { kind: "whole" };
    return undefined;
  };
  const counts = { right: 0, corrupt: 0 };
  const READS = 2000;
  let started = 0;
  const reader = async () => {
    while (started++ < READS) {
      const block = 17 + Math.floor(random() * (snapshot.header.blocks - 18));
      try {
        const bytes = await snapshot.readBlock(block);
        expect(Buffer.compare(bytes, stream.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES))).toBe(0);
        counts.right++;
      } catch (error) {
        expect(error).toMatchObject({ code: "E_BLOCK_CORRUPT" });
        counts.corrupt++;
      }
    }
  };
  await Promise.all(Array.from({ length: 16 }, reader));
  expect(counts.right + counts.corrupt).toBe(READS);
  expect(counts.corrupt).toBeLessThan(0.02 * READS);
  expect(proxy.requests.length).toBeLessThanOrEqual(1.35 * READS);
  console.info(`chaos: ${READS} reads, ${counts.corrupt} corrupt, ${proxy.requests.length} requests`);
});
