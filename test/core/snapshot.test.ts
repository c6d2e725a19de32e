import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { openSnapshot } from "../../src/core/snapshot.js";
import { createMemorySource } from "../../src/core/storage/index.js";
import { fields } from "../../src/dataset/fields.js";
import { isHexzError } from "../../src/errors.js";
import { pack } from "../../src/pack/index.js";
import { withCounter } from "../support/counting-source.js";
import { tempDir } from "../support/temp-dir.js";

const folder = await tempDir();
const stream = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i) >> 7);
const bytesPath = join(folder, "bytes.hxz");
const tinyPath = join(folder, "tiny.hxz");

beforeAll(async () => {
  await pack(stream, bytesPath, { blockBytes: 4096, workers: 0 });
  const schema = { id: fields.int16(), text: fields.utf8().nullable() };
  const records = Array.from({ length: 40 }, (_, id) => ({ id, text: id % 4 === 0 ? null : `text ${id}` }));
  await pack(records, tinyPath, { schema, blockBytes: 256, workers: 0 });
});

/** Opens, verifies deeply and reads everything: what a user would notice of damage. */
async function readAll(bytes: Uint8Array): Promise<Uint8Array> {
  await using snapshot = await openSnapshot(createMemorySource(bytes, { name: "damaged.hxz" }));
  await snapshot.verify({ deep: true });
  return await snapshot.read(0, snapshot.size);
}

async function codeOf(bytes: Uint8Array): Promise<string> {
  try {
    await readAll(bytes);
  } catch (error) {
    return isHexzError(error) ? error.code : `not typed: ${String(error)}`;
  }
  return "no error";
}

describe("openSnapshot", () => {
  it("reads any range, also many at once", async () => {
    await using snapshot = await openSnapshot(bytesPath);
    expect(snapshot).toMatchObject({ kind: "bytes", size: stream.length, length: 0, schema: undefined });
    const range = fc
      .tuple(fc.nat(stream.length), fc.nat(stream.length))
      .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    await fc.assert(
      fc.asyncProperty(fc.array(range, { minLength: 1, maxLength: 8 }), async (ranges) => {
        const read = await Promise.all(ranges.map(([start, end]) => snapshot.read(start, end - start)));
        for (const [i, [start, end]] of ranges.entries()) {
          expect(Buffer.compare(read[i] ?? new Uint8Array(), stream.subarray(start, end))).toBe(0);
        }
      }),
      { seed: 8, numRuns: 60 },
    );
    await expect(snapshot.read(stream.length, 1)).rejects.toThrow(RangeError);
    await expect(snapshot.read(-1, 1)).rejects.toThrow(RangeError);
  });

  it("opens in two reads, and reads a page and a block once each", async () => {
    const source = withCounter(createMemorySource(readFileSync(bytesPath)));
    await using snapshot = await openSnapshot(source);
    expect(source.requests).toBe(2);
    await snapshot.read(10, 100);
    await snapshot.read(110, 100);
    expect(source.requests).toBe(4);
    await snapshot.read(50_000, 1);
    expect(source.requests).toBe(5);
  });

  it("stops at an aborted signal, and refuses everything once it is closed", async () => {
    const snapshot = await openSnapshot(bytesPath);
    const signal = AbortSignal.abort(new Error("stop"));
    await expect(snapshot.read(0, 10, { signal })).rejects.toThrow("stop");
    await expect(openSnapshot(bytesPath, { signal })).rejects.toThrow("stop");
    await snapshot.close();
    await snapshot.close();
    await expect(snapshot.read(0, 10)).rejects.toSatisfy((error) => isHexzError(error, "E_CLOSED"));
  });

  it("names what is no snapshot, missing, a folder, or empty", async () => {
    const expectCode = async (where: string | Uint8Array, code: string) => {
      const source = typeof where === "string" ? where : createMemorySource(where);
      await expect(openSnapshot(source)).rejects.toSatisfy((error) => isHexzError(error) && error.code === code);
    };
    await expectCode("package.json", "E_NOT_SNAPSHOT");
    await expectCode(join(folder, "missing.hxz"), "E_NOT_FOUND");
    await expectCode(folder, "E_IS_DIRECTORY");
    await expectCode(new Uint8Array(0), "E_NOT_SNAPSHOT");
    await expectCode(Uint8Array.from(readFileSync(bytesPath).subarray(0, 300)), "E_TRUNCATED");
  });

  it.each<[unknown, string]>([
    ["", 'where must be a path or a URL, got ""'],
    ["https://[::1/x", 'where must be a valid URL, got one that begins with "https:"'],
    ["ftp://me:secret@host/data.hxz?key=secret", 'known scheme (file: http: https: s3:), got "ftp://host/data.hxz"'],
    [new URL("data:text/plain,x"), "where must have a known scheme"],
    [41, "where must be a path, a URL or a RangeSource, got 41"],
    [undefined, "where must be a path, a URL or a RangeSource, got undefined"],
  ])("names the argument and its value: %s", async (where, message) => {
    const attempt = openSnapshot(where as string);
    await expect(attempt).rejects.toThrow(TypeError);
    await expect(attempt).rejects.toThrow(message);
  });
});

describe("readBlockSync", () => {
  it("gives the bytes of readBlock for local files, once the index page is there", async () => {
    await using snapshot = await openSnapshot(bytesPath);
    expect(snapshot.readBlockSync(0)).toBeUndefined();
    const expected = await Promise.all(Array.from({ length: snapshot.header.blocks }, (_, i) => snapshot.readBlock(i)));
    const read = expected.map((_, block) => snapshot.readBlockSync(block));
    // After a read that took long some are left to the other way; the first never is.
    expect(read[0]).toEqual(expected[0]);
    expect(read.filter((raw, i) => raw !== undefined && Buffer.compare(raw, expected[i] ?? stream) !== 0)).toEqual([]);
    expect(snapshot.readBlockSync(snapshot.header.blocks)).toBeUndefined();
    await snapshot.close();
    expect(() => snapshot.readBlockSync(0)).toThrow(expect.objectContaining({ code: "E_CLOSED" }));
  });

  it("leaves other sources and damaged blocks to readBlock", async () => {
    await using inMemory = await openSnapshot(createMemorySource(readFileSync(bytesPath)));
    await inMemory.readBlock(0);
    expect(inMemory.readBlockSync(0)).toBeUndefined();
    const path = join(folder, "damaged.hxz");
    const bytes = readFileSync(bytesPath);
    bytes[600] = (bytes[600] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    await using damaged = await openSnapshot(path);
    await damaged.readBlock(1);
    expect(damaged.readBlockSync(0)).toBeUndefined();
    await expect(damaged.readBlock(0)).rejects.toMatchObject({ code: "E_BLOCK_CORRUPT" });
  });
});

describe("a damaged snapshot", () => {
  it("is refused for every flipped bit and every truncation and extension", async () => {
    const good = Uint8Array.from(readFileSync(tinyPath));
    const original = await readAll(good);
    const codes = new Map<string, number>();
    const damaged = async (bytes: Uint8Array) => {
      const code = await codeOf(bytes);
      codes.set(code, (codes.get(code) ?? 0) + 1);
    };
    for (let bit = 0; bit < good.length * 8; bit++) {
      const flipped = good.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await damaged(flipped);
    }
    for (let length = 0; length < good.length; length++) await damaged(good.subarray(0, length));
    for (const extra of [1, 7, 512]) await damaged(Uint8Array.from([...good, ...new Uint8Array(extra)]));
    const total = [...codes.values()].reduce((sum, count) => sum + count, 0);
    expect(total).toBe(good.length * 9 + 3);
    expect([...codes.keys()].filter((code) => !code.startsWith("E_"))).toEqual([]);
    expect(original.length).toBeGreaterThan(0);
    console.info(`damaged ${total} times (${good.length} bytes): ${JSON.stringify(Object.fromEntries(codes))}`);
  });

  it("never gives wrong bytes without verify either: a read is right or a typed error", async () => {
    const good = Uint8Array.from(readFileSync(tinyPath));
    const original = await readAll(good);
    for (let at = 0; at < good.length; at++) {
      const damaged = good.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 0x55;
      try {
        await using snapshot = await openSnapshot(createMemorySource(damaged));
        expect(Buffer.compare(await snapshot.read(0, snapshot.size), original)).toBe(0);
      } catch (error) {
        expect(isHexzError(error), String(error)).toBe(true);
      }
    }
  });

  it("says which block, where, and what to do", async () => {
    const good = Uint8Array.from(readFileSync(bytesPath));
    good[600] = (good[600] ?? 0) ^ 1;
    await expect(readAll(good)).rejects.toThrow(
      /^block 0 of damaged\.hxz at offset 512 is damaged \(does not match its checksum\); restore/,
    );
  });
});
