import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { openSnapshot } from "../../src/core/snapshot.js";
import { createMemorySource } from "../../src/core/storage/index.js";
import type { RangeSource } from "../../src/core/storage/port.js";
import { fields, schemaSpec } from "../../src/dataset/fields.js";
import { openRecords } from "../../src/dataset/records.js";
import type { Schema } from "../../src/dataset/types.js";
import { isHexzError } from "../../src/errors.js";
import { pack } from "../../src/pack/index.js";
import { withCounter } from "../support/counting-source.js";
import { emptySnapshot } from "../support/empty-snapshot.js";
import { withFaults } from "../support/faulty-source.js";
import { tempDir } from "../support/temp-dir.js";

const SCHEMA = { vector: fields.float32([16]), label: fields.int32(), text: fields.utf8().nullable() };
const COUNT = 100;
const PER_BLOCK = 8;

function recordAt(i: number) {
  return {
    vector: Float32Array.from({ length: 16 }, (_, j) => i + j / 16),
    label: i * 7 - 50,
    text: i % 5 === 0 ? null : `text of ${i} ☃`,
  };
}

const cacheBytes = 2 ** 20;
let files: Record<"fixed" | "content" | "bytes", Uint8Array>;

beforeAll(async () => {
  const folder = await tempDir();
  const records = Array.from({ length: COUNT }, (_, i) => recordAt(i));
  const at = (name: string) => join(folder, name);
  await pack(records, at("fixed"), { schema: SCHEMA, cut: "fixed", blockRecords: PER_BLOCK, workers: 0 });
  await pack(records, at("content"), { schema: SCHEMA, cut: "content", blockBytes: 2048, workers: 0 });
  await pack(new Uint8Array(1000), at("bytes"), { workers: 0 });
  const [fixed, content, bytes] = await Promise.all([
    readFile(at("fixed")),
    readFile(at("content")),
    readFile(at("bytes")),
  ]);
  files = { fixed, content, bytes };
});

async function open(kind: keyof typeof files = "fixed", options = { cacheBytes }) {
  const source = withCounter(createMemorySource(files[kind]));
  const snapshot = await openSnapshot(source);
  const records = openRecords<typeof SCHEMA>(snapshot, { ...options, schema: SCHEMA });
  // The first entry reads the page of the index: from here on a request is a block.
  await snapshot.entry(0);
  source.reset();
  return { records, source };
}

describe.each(["fixed", "content"] as const)("records of a snapshot with %s blocks", (kind) => {
  it("gives every record by number", async () => {
    const { records } = await open(kind);
    expect(records.length).toBe(COUNT);
    for (let i = 0; i < COUNT; i++) expect(await records.get(i)).toStrictEqual(recordAt(i));
  });

  it("gives many in any order, with duplicates, reading each block once", async () => {
    const { records, source } = await open(kind, { cacheBytes: 0 });
    const indices = [99, 3, 3, 50, 0, 51, 2, 99];
    expect(await records.getMany(indices)).toStrictEqual(indices.map(recordAt));
    expect(new Set(source.ranges.map(String)).size).toBe(source.requests);
    const everything = Array.from({ length: COUNT }, (_, i) => (i * 37) % COUNT);
    expect(await records.getMany(everything)).toStrictEqual(everything.map(recordAt));
  });

  it("iterates in order and reads each block once", async () => {
    const { records, source } = await open(kind, { cacheBytes: 0 });
    const seen = [];
    for await (const record of records) seen.push(record);
    expect(seen).toStrictEqual(Array.from({ length: COUNT }, (_, i) => recordAt(i)));
    expect(new Set(source.ranges.map(String)).size).toBe(source.requests);
  });
});

describe("get", () => {
  it("reads a block once for all who ask at the same time, and keeps it", async () => {
    const { records, source } = await open();
    await Promise.all([0, 1, 2, 7].map((i) => records.get(i)));
    await records.get(3);
    expect(source.requests).toBe(1);
  });

  it("keeps blocks within its bytes only", async () => {
    const { records, source } = await open("fixed", { cacheBytes: 1500 });
    for (const i of [0, 8, 16, 0]) await records.get(i);
    expect(source.requests).toBe(4);
  });

  it.each([-1, COUNT, 1.5, Number.NaN])("refuses %d", async (index) => {
    const { records } = await open();
    await expect(records.get(index)).rejects.toThrow(RangeError);
    await expect(records.getMany([0, index])).rejects.toThrow(/indices\[1\]/);
  });

  it("gives records that share no memory with a block or one another", async () => {
    const { records } = await open();
    const first = await records.get(0);
    expect(first.vector.buffer.byteLength).toBe(64);
    first.vector.fill(-1);
    expect(await records.get(0)).toStrictEqual(recordAt(0));
  });

  it("rejects at once where the signal aborts, and leaves others alone", async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const inner = createMemorySource(files.fixed);
    // Opening is let through; only blocks wait.
    let source: RangeSource = inner;
    const switched: RangeSource = {
      ...inner,
      identity: "switched",
      readInto: (offset, target, options) => source.readInto(offset, target, options),
    };
    const snapshot = await openSnapshot(switched);
    const records = openRecords(snapshot, { cacheBytes, schema: SCHEMA });
    await snapshot.entry(0);
    source = withFaults(inner, { until: gate });
    const controller = new AbortController();
    const impatient = records.get(0, { signal: controller.signal });
    const patient = records.get(1);
    controller.abort(new Error("enough"));
    await expect(impatient).rejects.toThrow("enough");
    release();
    expect(await patient).toStrictEqual(recordAt(1));
    await expect(records.getMany([0], { signal: controller.signal })).rejects.toThrow("enough");
  });
});

describe("select", () => {
  it("decodes only the fields asked for, in that order, sharing blocks with the rest", async () => {
    const { records, source } = await open();
    const selection = records.select(["text", "label"]);
    expect(Object.keys(selection.schema)).toEqual(["text", "label"]);
    const record = await selection.get(1);
    expect(Object.entries(record)).toEqual([
      ["text", recordAt(1).text],
      ["label", recordAt(1).label],
    ]);
    expect(await selection.select(["label"]).get(1)).toEqual({ label: recordAt(1).label });
    await records.get(2);
    expect(source.requests).toBe(1);
  });

  it("names an unknown field and the known ones", async () => {
    const { records } = await open();
    expect(() => records.select(["lable" as "label"])).toThrow(
      new TypeError('there is no field "lable"; the fields are "vector", "label", "text"'),
    );
    expect(() => records.select(["constructor" as "label"])).toThrow(TypeError);
    expect(() => records.select([])).toThrow(TypeError);
  });
});

describe("openRecords", () => {
  it("refuses a snapshot of bytes", async () => {
    const snapshot = await openSnapshot(createMemorySource(files.bytes));
    expect(() => openRecords(snapshot, { cacheBytes })).toThrow(expect.objectContaining({ code: "E_KIND" }));
  });

  it.each<[string, Schema]>([
    ["vector", { ...SCHEMA, vector: fields.float32([4, 4]) }],
    ["label", { ...SCHEMA, label: fields.int64() }],
    ["text", { ...SCHEMA, text: fields.utf8() }],
    ["extra", { ...SCHEMA, extra: fields.bool() }],
    ["text", { vector: SCHEMA.vector, label: SCHEMA.label }],
  ])("names the field %s where the schema is another", async (field, schema) => {
    const snapshot = await openSnapshot(createMemorySource(files.fixed));
    const error = await Promise.resolve()
      .then(() => openRecords(snapshot, { cacheBytes, schema }))
      .catch((cause: unknown) => cause);
    expect(isHexzError(error, "E_SCHEMA") && error.context.field).toBe(field);
  });

  it("takes the schema in another order of fields", async () => {
    const snapshot = await openSnapshot(createMemorySource(files.fixed));
    const schema = { text: SCHEMA.text, label: SCHEMA.label, vector: SCHEMA.vector };
    expect(await openRecords(snapshot, { cacheBytes, schema }).get(4)).toStrictEqual(recordAt(4));
  });
});

describe("records of a local file", () => {
  const big = { data: fields.uint8([2 ** 16]) };
  const dataOf = (i: number) => ({ data: new Uint8Array(2 ** 16).fill(i) });

  it("are right whichever way their blocks are read, and a loop of get lets the event loop turn", async () => {
    const path = join(await tempDir(), "local.hxz");
    const blocks = Array.from({ length: 64 }, (_, i) => dataOf(i));
    await pack(blocks, path, { schema: big, codec: "stored", cut: "fixed", blockRecords: 1, workers: 0 });
    await using snapshot = await openSnapshot(path);
    const records = openRecords(snapshot, { cacheBytes: 0 });
    let turns = 0;
    const count = () => {
      turns++;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    for (let i = 0; i < 64; i++)
      expect(Buffer.compare((await records.get(i)).data as Uint8Array, dataOf(i).data)).toBe(0);
    clearImmediate(next);
    expect(turns).toBeGreaterThan(0);
    await snapshot.close();
    await expect(records.get(0)).rejects.toThrow(expect.objectContaining({ code: "E_CLOSED" }));
  });
});

describe("a snapshot of 0 records", () => {
  const open = (blocks?: number) => createMemorySource(emptySnapshot(schemaSpec(SCHEMA), blocks));

  it("opens as no records", async () => {
    await using snapshot = await openSnapshot(open());
    const records = openRecords(snapshot, { cacheBytes, schema: SCHEMA });
    expect(records.length).toBe(0);
    for await (const record of records) expect.unreachable(`gave ${JSON.stringify(record)}`);
    expect(await records.getMany([])).toEqual([]);
    await expect(records.get(0)).rejects.toThrow(new RangeError("index: there are no records, got 0"));
    await expect(records.getMany([0])).rejects.toThrow(RangeError);
  });

  it("verifies and has no bytes", async () => {
    await using snapshot = await openSnapshot(open());
    expect(await snapshot.verify({ deep: true })).toMatchObject({ blocks: 0, records: 0 });
    expect(await snapshot.read(0, 0)).toEqual(new Uint8Array(0));
    await expect(snapshot.readBlock(0)).rejects.toThrow(RangeError);
  });

  it("is refused where it has blocks and no counts of them", async () => {
    await expect(openSnapshot(open(2))).rejects.toThrow(expect.objectContaining({ code: "E_CORRUPT" }));
  });
});

describe("iteration", () => {
  it("reads one block ahead, and none after a break", async () => {
    const { records, source } = await open();
    for await (const record of records) {
      expect(record).toStrictEqual(recordAt(0));
      break;
    }
    expect(source.requests).toBe(2);
  });

  it("reports a failed read where it is due, after the records before it", async () => {
    const inner = createMemorySource(files.fixed);
    const counted = withCounter(inner);
    const probe = await openSnapshot(counted);
    await probe.entry(0);
    const snapshot = await openSnapshot(withFaults(inner, { throwAt: { call: counted.requests + 1 } }));
    const seen: unknown[] = [];
    const iterate = async () => {
      for await (const record of openRecords(snapshot, { cacheBytes })) seen.push(record);
    };
    await expect(iterate()).rejects.toThrow("scripted fault");
    expect(seen).toHaveLength(PER_BLOCK);
  });
});

describe("close", () => {
  it("refuses everything afterwards, in selections too, and may be called twice", async () => {
    const { records } = await open();
    const selection = records.select(["label"]);
    await records.get(0);
    await records.close();
    await records[Symbol.asyncDispose]();
    const closed = expect.objectContaining({ code: "E_CLOSED" });
    await expect(records.get(0)).rejects.toThrow(closed);
    await expect(selection.get(0)).rejects.toThrow(closed);
    await expect(records.getMany([])).rejects.toThrow(closed);
    await expect(records[Symbol.asyncIterator]().next()).rejects.toThrow(closed);
  });
});
