import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deflateSync, gzipSync } from "node:zlib";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { fields, schemaSpec } from "../../src/dataset/fields.js";
import type { RecordSource } from "../../src/dataset/types.js";
import { isHexzError } from "../../src/errors.js";
import { csv, idx, images, jsonl, openSource, sourceNames } from "../../src/sources/index.js";
import { tempDir } from "../support/temp-dir.js";

const folder = await tempDir();
let files = 0;

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, `${files++}-${name}`);
  await writeFile(path, content);
  return path;
}

async function all(source: RecordSource): Promise<Record<string, unknown>[]> {
  const records: Record<string, unknown>[] = [];
  for await (const record of source) records.push(record);
  return records;
}

async function typesOf(source: RecordSource): Promise<Record<string, string>> {
  const spec = schemaSpec(await source.schema);
  return Object.fromEntries(
    Object.entries(spec).map(([name, { type, nullable, ...rest }]) => [
      name,
      `${type}${"item" in rest ? ` ${rest.item}` : ""}${nullable ? "?" : ""}`,
    ]),
  );
}

async function failure(source: RecordSource): Promise<{ code: string; message: string }> {
  try {
    await all(source);
  } catch (error) {
    if (isHexzError(error)) return { code: error.code, message: error.message };
    throw error;
  }
  return { code: "none", message: "" };
}

describe("csv", () => {
  it("finds the narrowest type that keeps every cell, and nulls", async () => {
    const path = await file(
      "a.csv",
      "id,big,price,on,code,note,mixed\n1,9007199254740993,1.5,true,007,x,1\n-2,2,2,false,01,,two\n",
    );
    expect(await typesOf(csv(path))).toEqual({
      id: "int32",
      big: "int64",
      price: "float64",
      on: "bool",
      code: "utf8",
      note: "utf8?",
      mixed: "utf8",
    });
    expect(await all(csv(path))).toEqual([
      { id: 1, big: 9007199254740993n, price: 1.5, on: true, code: "007", note: "x", mixed: "1" },
      { id: -2, big: 2n, price: 2, on: false, code: "01", note: null, mixed: "two" },
    ]);
  });

  it("reads BOM, CRLF, quotes with newlines, tabs and gzip", async () => {
    const text = '\uFEFFa,b\r\n"x ""y""\r\nz",1\r\n,2\r\n';
    const expected = [
      { a: 'x "y"\r\nz', b: 1 },
      { a: null, b: 2 },
    ];
    expect(await all(csv(await file("b.csv", text)))).toEqual(expected);
    expect(await all(csv(await file("b.csv.gz", gzipSync(text))))).toEqual(expected);
    expect(await all(csv(await file("b.tsv", "a\tb\n1\t2\n")))).toEqual([{ a: 1, b: 2 }]);
  });

  it("names unnamed columns and headerless tables; __proto__ is a column like any other", async () => {
    expect(await all(csv(await file("c.csv", "a,,\n1,2,3\n")))).toEqual([{ a: 1, column_2: 2, column_3: 3 }]);
    expect(await all(csv(await file("c.csv", "1,2\n"), { header: false }))).toEqual([{ column_1: 1, column_2: 2 }]);
    const [record] = await all(csv(await file("c.csv", "__proto__\n5\n")));
    expect(Object.entries(record ?? {})).toEqual([["__proto__", 5]]);
  });

  it("keeps numbers past 64 bits as text, and an explicit schema wins", async () => {
    const path = await file("d.csv", "n,m\n99999999999999999999,1\n");
    expect(await all(csv(path))).toEqual([{ n: "99999999999999999999", m: 1 }]);
    expect(await all(csv(path, { schema: { m: fields.float32() } }))).toEqual([{ m: 1 }]);
  });

  it("says line and column of what does not fit", async () => {
    expect(await failure(csv(await file("e.csv", "a,b\n1,2\n3\n")))).toMatchObject({
      code: "E_INPUT",
      message: expect.stringContaining("line 3: 1 cells in a table of 2 columns"),
    });
    expect(await failure(csv(await file("e.csv", "a,b,a\n1,2,3\n")))).toMatchObject({
      message: expect.stringContaining("several columns named a"),
    });
    expect(await failure(csv(await file("e.csv", "a\n1\nx\n"), { inferRows: 1 }))).toMatchObject({
      code: "E_INPUT",
      message: expect.stringMatching(/line 3, column "a": expected int32, got "x"/),
    });
    expect(await failure(csv(await file("e.csv", 'a\n"open\n')))).toMatchObject({ code: "E_INPUT" });
    expect(await failure(csv(await file("e.csv", "a\n1\n"), { schema: { z: fields.int32() } }))).toMatchObject({
      message: expect.stringContaining('no column "z"'),
    });
    for (const empty of ["", "a,b\n"])
      expect(await failure(csv(await file("e.csv", empty)))).toMatchObject({ code: "E_EMPTY" });
    expect(await failure(csv(join(folder, "missing.csv")))).toMatchObject({ code: "E_NOT_FOUND" });
    expect(await failure(csv(await file("e.csv.gz", gzipSync("a\n1\n").subarray(0, 12))))).toMatchObject({
      code: "E_INPUT",
    });
  });
});

describe("jsonl", () => {
  it("finds types, with missing keys as null, nested values as json and number arrays as lists", async () => {
    const lines = [
      '{"i":1,"f":1.5,"b":true,"s":"x","l":[1,2],"n":{"a":[1]},"m":1,"gone":3}',
      "",
      '{"i":2147483648,"f":2,"b":false,"s":"","l":[0.5],"n":null,"m":"x"}',
    ];
    const path = await file("a.jsonl", `\uFEFF${lines.join("\r\n")}`);
    expect(await typesOf(jsonl(path))).toEqual({
      i: "int64",
      f: "float64",
      b: "bool",
      s: "utf8",
      l: "list float64",
      n: "json?",
      m: "json",
      gone: "int32?",
    });
    expect(await all(jsonl(path))).toEqual([
      { i: 1, f: 1.5, b: true, s: "x", l: [1, 2], n: { a: [1] }, m: 1, gone: 3 },
      { i: 2147483648, f: 2, b: false, s: "", l: [0.5], n: null, m: "x", gone: null },
    ]);
  });

  it("keeps every digit of integers past 2^53, and never writes a prototype", async () => {
    const path = await file(
      "b.ndjson",
      '{"id":9007199254740993,"__proto__":{"polluted":true},"text":"12345678901234567890"}\n',
    );
    const [record] = await all(jsonl(path));
    expect(record?.id).toBe(9007199254740993n);
    expect(record?.text).toBe("12345678901234567890");
    expect(Object.keys(record ?? {})).toEqual(["id", "__proto__", "text"]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(await failure(jsonl(await file("b.jsonl", '{"n":{"id":9007199254740993}}\n')))).toMatchObject({
      code: "E_INPUT",
      message: expect.stringMatching(/line 1: key "n" holds the integer 9007199254740993/),
    });
  });

  it("says the line of what is no object, and refuses empty files", async () => {
    expect(await failure(jsonl(await file("c.jsonl", '{"a":1}\n{oops\n')))).toMatchObject({
      code: "E_INPUT",
      message: expect.stringContaining("line 2"),
    });
    expect(await failure(jsonl(await file("c.jsonl", "[1]\n")))).toMatchObject({
      message: expect.stringContaining("line 1 is not an object"),
    });
    expect(await failure(jsonl(await file("c.jsonl", "\n")))).toMatchObject({ code: "E_EMPTY" });
    expect(await failure(jsonl(await file("c.jsonl", '{"a":1}\n{}\n'), { inferRows: 1 }))).toMatchObject({
      message: expect.stringMatching(/line 2: key "a" is missing/),
    });
    expect(await failure(jsonl(join(folder, "missing.jsonl")))).toMatchObject({ code: "E_NOT_FOUND" });
  });
});

/** An IDX file: type byte, big-endian sizes, data. */
function idxFile(type: number, sizes: number[], data: Uint8Array): Uint8Array {
  const head = Buffer.alloc(4 + 4 * sizes.length);
  head.set([0, 0, type, sizes.length]);
  for (const [i, size] of sizes.entries()) head.writeUInt32BE(size, 4 + 4 * i);
  return Buffer.concat([head, data]);
}

describe("idx", () => {
  const pixels = Uint8Array.from({ length: 24 }, (_, i) => i);

  it("pairs images [h, w, 1] with int32 labels, also gzipped", async () => {
    const source = idx({
      images: await file("i.gz", gzipSync(idxFile(8, [4, 2, 3], pixels))),
      labels: await file("l", idxFile(8, [4], Uint8Array.of(9, 8, 7, 6))),
    });
    expect(schemaSpec(await source.schema)).toMatchObject({
      image: { type: "uint8", shape: [2, 3, 1] },
      label: { type: "int32" },
    });
    const records = await all(source);
    expect(records.map(({ label }) => label)).toEqual([9, 8, 7, 6]);
    expect(records.flatMap(({ image }) => [...(image as Uint8Array)])).toEqual([...pixels]);
  });

  it("reads every number type big-endian", async () => {
    const floats = Buffer.alloc(8);
    floats.writeFloatBE(1.5, 0);
    floats.writeFloatBE(-2, 4);
    expect(await all(idx(await file("f", idxFile(0x0d, [2], floats))))).toEqual([{ value: 1.5 }, { value: -2 }]);
    const shorts = Uint8Array.of(0x01, 0x02, 0xff, 0xff);
    expect(await all(idx(await file("s", idxFile(0x0b, [1, 2], shorts))))).toEqual([{ value: [258, -1] }]);
    expect(await all(idx(await file("b", idxFile(0x09, [1], Uint8Array.of(0xfe)))))).toEqual([{ value: -2 }]);
  });

  it("refuses what is cut short, too long, not IDX, or does not belong together", async () => {
    const good = idxFile(8, [4, 2, 3], pixels);
    expect(await failure(idx(await file("x", good.subarray(0, -1))))).toMatchObject({
      code: "E_INPUT",
      message: expect.stringContaining("ends at byte"),
    });
    expect(await failure(idx(await file("x", Buffer.concat([good, Buffer.alloc(1)]))))).toMatchObject({
      message: expect.stringContaining("goes on after"),
    });
    expect(await failure(idx(await file("x", "not idx at all")))).toMatchObject({
      message: expect.stringContaining("is no IDX file"),
    });
    const labels = await file("x", idxFile(8, [3], Uint8Array.of(1, 2, 3)));
    expect(await failure(idx({ images: await file("x", good), labels }))).toMatchObject({
      message: expect.stringMatching(/holds 4 records and .* holds 3/),
    });
  });
});

async function imageFolder(): Promise<string> {
  const root = join(folder, `images-${files++}`);
  const paint = (name: string, value: number, width = 4, height = 3) =>
    sharp({ create: { width, height, channels: 3, background: { r: value, g: 0, b: 0 } } }).toFile(join(root, name));
  await mkdir(join(root, "b-dogs"), { recursive: true });
  await mkdir(join(root, "a-cats"));
  await paint("b-dogs/1.png", 10);
  await paint("a-cats/2.png", 20);
  await paint("a-cats/10.PNG.jpeg", 200);
  await writeFile(join(root, "a-cats", "notes.txt"), "not an image");
  return root;
}

/** A PNG header that claims any size, with next to no data. */
function hugePng(width: number, height: number): Uint8Array {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    let crc = ~0;
    for (const byte of body) {
      crc ^= byte;
      for (let k = 0; k < 8; k++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(~crc >>> 0, out.length - 4);
    return out;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.alloc(3_000))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

describe("images", () => {
  it("labels by subfolder, in the order of the paths' bytes, PNG and JPEG as pixels", async () => {
    const source = images(await imageFolder());
    expect(await source.classes).toEqual(["a-cats", "b-dogs"]);
    expect(schemaSpec(await source.schema)).toMatchObject({ image: { shape: [3, 4, 3] } });
    const records = await all(source);
    expect(records.map(({ path, label }) => [path, label])).toEqual([
      ["a-cats/10.PNG.jpeg", 0],
      ["a-cats/2.png", 0],
      ["b-dogs/1.png", 1],
    ]);
    const pixelsOf = (i: number) => [...((records[i]?.image ?? []) as Uint8Array)];
    expect(pixelsOf(2).slice(0, 6)).toEqual([10, 0, 0, 10, 0, 0]);
    expect(Math.abs((pixelsOf(0)[0] ?? 0) - 200)).toBeLessThan(6);
  });

  it("resizes and turns grey where told, else refuses another size by name", async () => {
    const root = await imageFolder();
    await sharp({ create: { width: 9, height: 9, channels: 4, background: { r: 1, g: 2, b: 3, alpha: 0.5 } } }).toFile(
      join(root, "a-cats", "3.png"),
    );
    expect(await failure(images(root))).toMatchObject({
      code: "E_IMAGE",
      message: expect.stringMatching(/3\.png is 9×9, the first image 4×3/),
    });
    const small = await all(images(root, { size: [2, 2], channels: 1 }));
    expect(small.map(({ image }) => (image as Uint8Array).length)).toEqual([4, 4, 4, 4]);
  });

  it("names the broken and the gigantic, or skips and counts them", async () => {
    const root = await imageFolder();
    await writeFile(join(root, "b-dogs", "0-broken.png"), hugePng(4, 3).subarray(0, 50));
    await writeFile(join(root, "b-dogs", "2-huge.png"), hugePng(30_000, 20_000));
    expect(await failure(images(root))).toMatchObject({
      code: "E_IMAGE",
      message: expect.stringContaining("0-broken.png"),
    });
    const skipped: string[] = [];
    const records = await all(
      images(root, { onBad: "skip", onSkip: ({ path, error }) => skipped.push(`${path} ${error.message}`) }),
    );
    expect(records).toHaveLength(3);
    expect(skipped).toHaveLength(2);
    expect(skipped[1]).toContain("2-huge.png has 30000×20000 pixels, more than maxPixels");
  });

  it("does not follow links, and refuses folders that are empty, missing or mixed", async () => {
    const root = await imageFolder();
    await symlink("/etc", join(root, "a-cats", "etc"));
    await symlink(join(root, "b-dogs", "1.png"), join(root, "a-cats", "link.png"));
    expect(await all(images(root))).toHaveLength(3);
    await sharp(join(root, "b-dogs", "1.png")).toFile(join(root, "loose.png"));
    expect(await failure(images(root))).toMatchObject({
      code: "E_INPUT",
      message: expect.stringContaining("loose.png"),
    });
    const empty = join(folder, "empty");
    await mkdir(empty);
    expect(await failure(images(empty))).toMatchObject({ code: "E_EMPTY" });
    expect(await failure(images(join(folder, "nowhere")))).toMatchObject({ code: "E_NOT_FOUND" });
    expect(() => images(root, { channels: 2 as 3 })).toThrow(/options\.channels/);
    expect(() => images(root, { chanels: 3 } as never)).toThrow(/chanels/);
  });
});

describe("openSource", () => {
  it("tells the format from the name, or takes the one it is given", async () => {
    expect(sourceNames()).toEqual(["idx", "csv", "jsonl", "images"]);
    const table = await file("t.csv", "a\n1\n");
    expect(await all(openSource([table]))).toEqual([{ a: 1 }]);
    expect(await all(openSource([await file("x.dat", '{"a":1}\n')], { name: "jsonl" }))).toEqual([{ a: 1 }]);
    expect(await all(openSource([await imageFolder()]))).toHaveLength(3);
    expect(() => openSource(["x.parquet"])).toThrow(/format of x\.parquet .* known are idx, csv, jsonl, images/);
    expect(() => openSource([table, table])).toThrow(/one input/);
  });
});
