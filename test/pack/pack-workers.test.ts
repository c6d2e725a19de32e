import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fields, pack } from "../../dist/src/index.js";
import type { PackedBlock, PackRecipe } from "../../dist/src/pack/encode-block.js";
import { openBlockEncoder } from "../../dist/src/pack/encode-pool.js";
import { tempDir } from "../support/temp-dir.js";

const folder = await tempDir();
const schema = { image: fields.float32([50]), label: fields.int32(), text: fields.utf8().nullable() };
function* recordsOf(count: number) {
  for (let i = 0; i < count; i++) {
    const image = Float32Array.from({ length: 50 }, (_, k) => Math.sqrt(i + k));
    yield { image, label: i % 9, text: i % 4 ? `text ${i}` : null };
  }
}

/** Larger than what the calling thread encodes while the threads start: every block goes to a thread. */
const LARGE = { cut: "fixed", blockBytes: "600 KiB" } as const;

describe("pack on worker threads", () => {
  it.each(["lz4", "zstd"] as const)("gives the same bytes for any number of workers: %s", async (codec) => {
    const files: Buffer[] = [];
    for (const workers of [0, 1, 2, 3]) {
      const path = join(folder, `${codec}-${workers}.hxz`);
      await pack(recordsOf(4000), path, { schema, codec, workers, blockBytes: 16_384 });
      files.push(await readFile(path));
    }
    expect(files.map((file) => Buffer.compare(file, files[0] ?? Buffer.alloc(0)))).toEqual([0, 0, 0, 0]);
  });

  it("gives the same bytes of blocks that only threads encode", async () => {
    const files: Buffer[] = [];
    for (const workers of [0, 1, 2]) {
      const path = join(folder, `large-${workers}.hxz`);
      const { blocks } = await pack(recordsOf(10_000), path, { schema, workers, ...LARGE });
      expect(blocks).toBe(4);
      files.push(await readFile(path));
    }
    expect(files.map((file) => Buffer.compare(file, files[0] ?? Buffer.alloc(0)))).toEqual([0, 0, 0]);
  });

  it.each([8192, 600_000])("gives the same bytes of a stream of bytes in blocks of %i", async (blockBytes) => {
    const bytes = Uint8Array.from({ length: 2_000_000 }, (_, i) => (i * i) % 251);
    const ids = new Set<string>();
    for (const workers of [0, 2]) {
      const path = join(folder, `bytes-${blockBytes}-${workers}.hxz`);
      ids.add((await pack(bytes, path, { workers, blockBytes })).id);
    }
    expect(ids.size).toBe(1);
  });

  it("leaves nothing behind when aborted while threads encode", async () => {
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error("enough"));
    const options = { schema, workers: 2, ...LARGE, signal: controller.signal, onProgress };
    await expect(pack(recordsOf(50_000), join(folder, "aborted.hxz"), options)).rejects.toThrow("enough");
    expect((await readdir(folder)).filter((name) => name.includes("aborted"))).toEqual([]);
  });
});

describe("openBlockEncoder", () => {
  const recipe: PackRecipe = {
    encode: { codec: "lz4", level: 0, checksum: 2, rows: undefined, filters: [], verify: true },
    schema: undefined,
  };
  const plain = (packed: PackedBlock | undefined) => ({
    ...packed?.block.entry,
    stored: Buffer.from(packed?.block.stored ?? []).toString("hex"),
    hash: Buffer.from(packed?.block.hash ?? []).toString("hex"),
  });
  const blockOf = (bytes: number) => ({ raw: Uint8Array.from({ length: bytes }, (_, i) => i % 253), count: 0 });

  it("encodes here until a thread is up, larger blocks never, and to the same bytes", async () => {
    await using here = await openBlockEncoder(recipe, 0);
    await using threads = await openBlockEncoder(recipe, 1);
    const [first, large, later] = [blockOf(1000), blockOf(600 * 1024), blockOf(1000)];
    const encoded = [await threads.encode(first), await threads.encode(large), await threads.encode(later)];
    // What goes to a thread is moved there.
    expect([first, large, later].map(({ raw }) => raw.length)).toEqual([1000, 0, 0]);
    for (const [i, bytes] of [1000, 600 * 1024, 1000].entries()) {
      expect(plain(encoded[i])).toEqual(plain(await here.encode(blockOf(bytes))));
    }
  });

  it("closes while its threads are still starting", async () => {
    const threads = await openBlockEncoder(recipe, 2);
    expect((await threads.encode(blockOf(10))).block.entry.rawLength).toBe(10);
    await threads[Symbol.asyncDispose]();
  });
});

/** A process that packs without end and prints a line per block. */
function packForEver(path: string): ChildProcess {
  const entry = new URL("../../dist/src/index.js", import.meta.url).href;
  const script = `
    import { pack } from ${JSON.stringify(entry)};
    function* chunks() { for (let i = 0; ; i++) yield new Uint8Array(10000).fill(i); }
    await pack(chunks(), ${JSON.stringify(path)}, { workers: 1, onProgress: ({ blocks }) => console.log(blocks) });
  `;
  return spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
}

describe("a process killed while it packs", () => {
  it("leaves no destination, at most a temporary file that is no snapshot", async () => {
    const path = join(folder, "killed.hxz");
    const child = packForEver(path);
    const exited = once(child, "exit");
    if (child.stdout === null) throw new Error("no output of the child");
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await exited;
    const names = (await readdir(folder)).filter((name) => name.includes("killed"));
    expect(names).toEqual([expect.stringMatching(/^\.killed\.hxz\.[0-9a-f]{16}\.tmp$/)]);
    const header = (await readFile(join(folder, names[0] ?? ""))).subarray(0, 512);
    expect(header.every((byte) => byte === 0)).toBe(true);
  });
});
