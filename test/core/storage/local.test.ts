import { execFileSync } from "node:child_process";
import { existsSync, readSync } from "node:fs";
import { appendFile, mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMemorySource, openLocalSource, openSource } from "../../../src/core/storage/index.js";
import { storageConformance } from "./conformance.js";

let directory: string;
let files = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "hexz-storage-"));
});
afterAll(() => rm(directory, { recursive: true }));

async function fileOf(bytes: Uint8Array): Promise<string> {
  const path = join(directory, `source ${files++}.bin`);
  await writeFile(path, bytes);
  return path;
}

storageConformance("local", async (bytes) => openLocalSource(await fileOf(bytes)));

describe("openLocalSource", () => {
  test("gives a descriptor that reads the file", async () => {
    await using source = await openLocalSource(await fileOf(Uint8Array.from([5, 6, 7])));
    const target = new Uint8Array(2);
    expect(readSync(source.descriptor, target, 0, 2, 1)).toBe(2);
    expect([...target]).toEqual([6, 7]);
  });

  test("says what is wrong with the path", async () => {
    const file = await fileOf(new Uint8Array(1));
    await mkdir(join(directory, "folder"), { recursive: true });
    await expect(openLocalSource(join(directory, "none"))).rejects.toMatchObject({ code: "E_NOT_FOUND" });
    await expect(openLocalSource(join(file, "below a file"))).rejects.toMatchObject({ code: "E_NOT_FOUND" });
    await expect(openLocalSource(join(directory, "folder"))).rejects.toMatchObject({ code: "E_IS_DIRECTORY" });
    const tooLong = await openLocalSource("x".repeat(5000)).catch((error: unknown) => error);
    expect(tooLong).toMatchObject({ code: "E_IO", cause: { code: "ENAMETOOLONG" } });
  });

  test.skipIf(!existsSync("/dev/null"))("refuses what is no regular file, without waiting for it", async () => {
    const fifo = join(directory, "fifo");
    execFileSync("mkfifo", [fifo]);
    await expect(openLocalSource("/dev/null")).rejects.toMatchObject({ code: "E_IO" });
    await expect(openLocalSource(fifo)).rejects.toMatchObject({ code: "E_IO" });
  });

  test("a file cut since it was opened is a changed source", async () => {
    const path = await fileOf(new Uint8Array(100));
    await using source = await openLocalSource(path);
    await truncate(path, 40);
    const target = new Uint8Array(60);
    await expect(source.readInto(20, target)).rejects.toMatchObject({ code: "E_SOURCE_CHANGED" });
    await expect(source.assertUnchanged()).rejects.toMatchObject({ code: "E_SOURCE_CHANGED" });
  });

  test("notices appended bytes when asked", async () => {
    const path = await fileOf(new Uint8Array(100));
    await using source = await openLocalSource(path);
    await source.assertUnchanged();
    await appendFile(path, "more");
    await expect(source.assertUnchanged()).rejects.toMatchObject({ code: "E_SOURCE_CHANGED" });
  });

  test("equal files have different identities", async () => {
    await using a = await openLocalSource(await fileOf(new Uint8Array(1)));
    await using b = await openLocalSource(await fileOf(new Uint8Array(1)));
    expect(a.identity).not.toBe(b.identity);
  });
});

describe("openSource", () => {
  test("opens paths and file URLs, with characters that URLs escape", async () => {
    const path = await fileOf(Uint8Array.from([1, 2, 3]));
    for (const where of [path, pathToFileURL(path), pathToFileURL(path).href]) {
      await using source = await openSource(where);
      expect([source.size, source.name]).toEqual([3, path]);
    }
  });

  test("gives a source back as it is", async () => {
    const source = createMemorySource(new Uint8Array(1));
    expect(await openSource(source)).toBe(source);
  });

  test("refuses an address that holds a password, and does not show it", async () => {
    for (const where of ["s3://u:secret@bucket/x.hxz", "http://u:secret@h/x.hxz"]) {
      const error = await openSource(where).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(TypeError);
      expect(String(error)).not.toContain("secret");
    }
  });

  test("refuses everything else", async () => {
    for (const where of ["ftp://host/x.hxz", new URL("data:,x"), "", 7, null, undefined, {}, new Uint8Array(3)]) {
      await expect(openSource(where as string)).rejects.toThrow(TypeError);
    }
  });
});
