import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { openSnapshot } from "../../src/core/snapshot.js";
import { fields } from "../../src/dataset/fields.js";
import type { RecordInput } from "../../src/dataset/types.js";
import { type PackOptions, type PackProgress, pack } from "../../src/pack/index.js";
import { openRecords } from "../support/open-records.js";
import { tempDir } from "../support/temp-dir.js";

const folder = await tempDir();
let path: string;
let tests = 0;
beforeEach(() => {
  path = join(folder, `${tests++}.hxz`);
});

/** Files of this test that are there. */
const left = async () => (await readdir(folder)).filter((name) => name.includes(`${tests - 1}.hxz`));

const schema = { image: fields.uint8([6, 2]), label: fields.int32(), name: fields.utf8().nullable() };
const recordOf = (i: number) => ({
  image: Uint8Array.from({ length: 12 }, (_, k) => (i * k) % 256),
  label: i % 10,
  name: i % 3 === 0 ? null : `record ${i}`,
});
const records = Array.from({ length: 3000 }, (_, i) => recordOf(i));
const small = { workers: 0, blockBytes: 2048 } as const;

describe("pack of records", () => {
  it.each<PackOptions>([
    {},
    { codec: "zstd", level: 1 },
    { codec: "stored", checksum: "crc32" },
    { cut: "fixed" },
    { cut: "fixed", blockRecords: 7, verify: false },
    { blockBytes: "64 KiB" },
  ])("comes back bit for bit with %j", async (options) => {
    const result = await pack(records, path, { schema, ...small, ...options, user: { made: ["by", "test"] } });
    await using snapshot = await openSnapshot(path);
    await snapshot.verify({ deep: true });
    const { header } = snapshot;
    expect(result).toMatchObject({ id: snapshot.id, kind: "records", path, records: 3000, blocks: header.blocks });
    expect([result.rawBytes, result.fileBytes]).toEqual([snapshot.size, (await readFile(path)).length]);
    expect(result.statistics).toEqual(snapshot.statistics);
    expect(snapshot.user).toEqual({ made: ["by", "test"] });
    expect(await openRecords(path)).toEqual(records);
    expect(await left()).toHaveLength(1);
  });

  it("takes sources, arrays, generators and asynchronous ones for the same input", async () => {
    const asynchronous = (async function* () {
      yield* records;
    })();
    const generated = (function* () {
      yield* records;
    })();
    const source = { schema: Promise.resolve(schema), [Symbol.asyncIterator]: () => asynchronousRecords() };
    const ids = new Set<string>();
    for (const input of [records, generated, asynchronous]) {
      ids.add((await pack(input, path, { schema, ...small, overwrite: true })).id);
    }
    ids.add((await pack(source, path, { ...small, overwrite: true })).id);
    expect(ids.size).toBe(1);
  });

  it("cuts equal runs of records alike: a change in front leaves most stored blocks as they are", async () => {
    const hashesOf = async (input: typeof records) => {
      await pack(input, path, { schema, ...small, overwrite: true });
      await using snapshot = await openSnapshot(path);
      const blocks = Array.from({ length: snapshot.header.blocks }, (_, i) => snapshot.readBlock(i));
      return (await Promise.all(blocks)).map((raw) => Buffer.from(raw).toString("latin1"));
    };
    const before = new Set(await hashesOf(records));
    const after = await hashesOf([recordOf(99_999), ...records]);
    expect(after.filter((block) => before.has(block)).length).toBeGreaterThan(after.length * 0.8);
  });

  it("puts a record over the largest block size alone in a block", async () => {
    const lengths = [10, 100_000, 10, 10];
    const input = lengths.map((length) => ({ blob: new Uint8Array(length) }));
    await pack(input, path, { schema: { blob: fields.binary() }, ...small });
    await using snapshot = await openSnapshot(path);
    const entries = Array.from({ length: snapshot.header.blocks }, (_, i) => snapshot.entry(i));
    expect((await Promise.all(entries)).map(({ count }) => count)).toEqual([1, 1, 2]);
  });
});

async function* asynchronousRecords() {
  yield* records;
}

describe("pack of bytes", () => {
  it("joins chunks of any size into blocks of one size", async () => {
    const arbitrary = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(arbitrary, async (chunks) => {
        const whole = Buffer.concat(chunks);
        fc.pre(whole.length > 0);
        const result = await pack(chunks, path, { workers: 0, blockBytes: 256, overwrite: true });
        await using snapshot = await openSnapshot(path);
        await snapshot.verify({ deep: true });
        expect(snapshot).toMatchObject({ kind: "bytes", length: 0, size: whole.length });
        expect(result).toMatchObject({
          kind: "bytes",
          records: 0,
          blocks: Math.ceil(whole.length / 256),
          statistics: {},
        });
        expect(Buffer.compare(await snapshot.read(0, whole.length), whole)).toBe(0);
      }),
      { seed: 21, numRuns: 25 },
    );
  });

  it("takes one Uint8Array, and streams that reuse their buffer", async () => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 7);
    const reusing = (async function* () {
      const buffer = new Uint8Array(100);
      for (let at = 0; at < 1000; at += 100) {
        buffer.set(bytes.subarray(at, at + 100));
        yield buffer;
      }
    })();
    const [a, b] = [await pack(bytes, path, small), await pack(reusing, path, { ...small, overwrite: true })];
    expect(a.id).toBe(b.id);
  });

  it("refuses records without a schema", async () => {
    // @ts-expect-error records need a schema
    await expect(pack(records, path, small)).rejects.toThrow(/without options.schema the input must give Uint8Arrays/);
    expect(await left()).toEqual([]);
  });
});

describe("bad input leaves nothing behind", () => {
  it.each([
    ["no records", [], { schema }, "E_EMPTY"],
    ["no bytes", [new Uint8Array(0)], {}, "E_EMPTY"],
    ["a wrong record", [...records, { ...recordOf(1), label: 2 ** 31 }], { schema }, "E_RECORD"],
    ["a schema of nothing", records, { schema: {} }, "E_SCHEMA"],
    ["rows over the limit", records, { schema: { a: fields.uint8([65, 2 ** 20]) } }, "E_LIMIT"],
  ])("%s", async (_, input, options, code) => {
    const loose = pack as (input: unknown, path: string, options: object) => Promise<unknown>;
    await expect(loose(input, path, { ...small, ...options })).rejects.toMatchObject({ code });
    expect(await left()).toEqual([]);
  });

  it("names the record", async () => {
    const input = records.map((record, i) => (i === 17 ? { ...record, label: 2 ** 31 } : record));
    const context = {
      record: 17,
      field: "label",
      expected: "an integer in [-2147483648, 2147483647]",
      received: "2147483648",
    };
    await expect(pack(input, path, { schema, ...small })).rejects.toMatchObject({ context });
  });

  it("an error of the input itself, as it is, after closing the input", async () => {
    const mine = new Error("mine");
    const failing = (function* () {
      yield* records;
      throw mine;
    })();
    await expect(pack(failing, path, { schema, ...small })).rejects.toBe(mine);
    let isClosed = false;
    const closing = (async function* () {
      try {
        for (let i = 0; ; i++) yield { ...recordOf(i), label: i };
      } finally {
        isClosed = true;
      }
    })();
    const onProgress = () => {
      throw mine;
    };
    await expect(pack(closing, path, { schema, ...small, onProgress })).rejects.toBe(mine);
    expect(isClosed).toBe(true);
    expect(await left()).toEqual([]);
  });

  it("metadata no reader would take", async () => {
    const deep = Array.from({ length: 70 }).reduce<readonly unknown[]>((inner) => [inner], []);
    await expect(pack(records, path, { schema, ...small, user: deep as never })).rejects.toMatchObject({
      code: "E_LIMIT",
    });
  });
});

describe("options", () => {
  it.each<[object, RegExp]>([
    [{ codec: "brotli" }, /options\.codec must be one of "lz4", "zstd", "stored", got "brotli"/],
    [{ level: 3 }, /options\.level must be left out: codec lz4 has no levels/],
    [{ codec: "zstd", level: 20 }, /options\.level must be an integer from 1 to 19, got 20/],
    [{ checksum: "md5" }, /options\.checksum/],
    [{ cut: "none" }, /options\.cut/],
    [{ blockBytes: 1 }, /options\.blockBytes must be an integer from 64/],
    [{ blockBytes: "64 MiB" }, /options\.blockBytes must be an integer from 64 to 16777216/],
    [{ cut: "fixed", blockBytes: "65 MiB" }, /options\.blockBytes must be an integer from 64 to 67108864/],
    [{ blockRecords: 5 }, /options\.blockRecords needs cut: "fixed"/],
    [{ cut: "fixed", blockRecords: 0 }, /options\.blockRecords must be an integer from 1/],
    [{ workers: -1 }, /options\.workers/],
    [{ verify: 1 }, /options\.verify/],
    [{ overwrite: "yes" }, /options\.overwrite/],
    [{ user: () => 1 }, /options\.user must be a JSON value, got a function/],
    [{ onProgress: 1 }, /options\.onProgress/],
    [{ signal: {} }, /options\.signal/],
    [{ block: 1 }, /options\.block is not an option/],
  ])("%j is refused by name", async (options, message) => {
    const attempt = pack(records, path, { schema, ...options } as never);
    await expect(attempt).rejects.toThrow(message);
    const error = await attempt.catch((reason: unknown) => reason);
    expect(error instanceof TypeError || error instanceof RangeError).toBe(true);
  });

  it("blockBytes of bytes, which are cut at fixed sizes, may be as large as a block", async () => {
    const bytes = new Uint8Array(2 ** 25 + 1);
    const { blocks } = await pack(bytes, path, { workers: 0, verify: false, blockBytes: "32 MiB" });
    expect(blocks).toBe(2);
    const tooLarge = pack(bytes, path, { blockBytes: "65 MiB", overwrite: true });
    await expect(tooLarge).rejects.toThrow(/options\.blockBytes must be an integer from 64 to 67108864/);
    const source = { schema, [Symbol.asyncIterator]: asynchronousRecords };
    const bySource = pack(source, path, { blockBytes: "32 MiB", overwrite: true });
    await expect(bySource).rejects.toThrow(/options\.blockBytes must be an integer from 64 to 16777216/);
  });

  it.each(["parent", "encryption", "dedup", "shuffle"])("%s is E_FEATURE", async (option) => {
    const error = { code: "E_FEATURE", context: { option } };
    await expect(pack(records, path, { schema, [option]: "x" } as never)).rejects.toMatchObject(error);
  });

  it("destination must be a path", async () => {
    await expect(pack(records, "", { schema })).rejects.toThrow(
      /destination must be the path of a file or an s3:\/\/ address, got ""/,
    );
  });
});

describe("progress and cancellation", () => {
  it("counts up to the result", async () => {
    const seen: PackProgress[] = [];
    const result = await pack(records, path, { schema, ...small, onProgress: (progress) => seen.push(progress) });
    expect(seen).toHaveLength(result.blocks);
    expect(seen.map(({ blocks }) => blocks)).toEqual(seen.map((_, i) => i + 1));
    expect(seen.at(-1)).toMatchObject({ records: 3000, bytesIn: result.rawBytes });
  });

  it("leaves nothing behind when aborted at any progress event", async () => {
    const { blocks } = await pack(records, join(folder, "whole.hxz"), { schema, ...small });
    for (let at = 1; at <= blocks; at++) {
      const controller = new AbortController();
      const onProgress = (progress: PackProgress) => progress.blocks === at && controller.abort(new Error(`at ${at}`));
      const attempt = pack(records, path, { schema, ...small, signal: controller.signal, onProgress });
      await expect(attempt).rejects.toThrow(`at ${at}`);
      expect(await left()).toEqual([]);
    }
  });

  it("does not wait for an input that hangs", async () => {
    const controller = new AbortController();
    const hanging = (async function* () {
      yield* records;
      controller.abort();
      await new Promise(() => {});
    })();
    await expect(pack(hanging, path, { schema, ...small, signal: controller.signal })).rejects.toThrow(/abort/);
    expect(await left()).toEqual([]);
  });

  it("does nothing at all when aborted before", async () => {
    await expect(pack(records, path, { schema, signal: AbortSignal.abort() })).rejects.toThrow(/abort/);
  });

  it("keeps a replaced file whole when aborted", async () => {
    await writeFile(path, "old");
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    const options = { schema, ...small, overwrite: true, signal: controller.signal, onProgress };
    await expect(pack(records, path, options)).rejects.toThrow(/abort/);
    expect(await readFile(path, "utf8")).toBe("old");
  });
});

it("holds a bounded number of bytes of an input of 300 MB", async () => {
  const chunkBytes = 3000;
  const chunk = new Uint8Array(chunkBytes);
  let given = 0;
  let mostInFlight = 0;
  const endless = (function* () {
    for (let i = 0; i < 100_000; i++) {
      given += chunkBytes;
      yield { chunk };
    }
  })();
  const onProgress = ({ bytesIn }: PackProgress) => {
    mostInFlight = Math.max(mostInFlight, given - bytesIn);
  };
  const options = { schema: { chunk: fields.uint8([chunkBytes]) }, workers: 0, verify: false, onProgress };
  expect((await pack(endless, path, options)).rawBytes).toBe(300e6);
  // Two blocks under way and one being filled, each at most four times the target of 128 KiB.
  expect(mostInFlight).toBeLessThanOrEqual(3 * 4 * 128 * 1024);
});

it("types records by the schema", () => {
  expectTypeOf<RecordInput<typeof schema>["name"]>().toEqualTypeOf<string | null>();
  const check = () => {
    // @ts-expect-error a label is a number
    void pack([{ ...recordOf(1), label: "3" }], path, { schema });
    // @ts-expect-error the image is missing
    void pack([{ label: 3, name: null }], path, { schema });
    // @ts-expect-error a misspelt option
    void pack(records, path, { schema, blockByte: 1 });
    void pack([{ image: [1, 2], label: 3, name: null }], path, { schema });
  };
  expect(check).toBeTypeOf("function");
});
