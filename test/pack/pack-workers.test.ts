import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fields, pack } from "../../dist/src/index.js";
import { tempDir } from "../support/temp-dir.js";

const folder = await tempDir();
const schema = { image: fields.float32([50]), label: fields.int32(), text: fields.utf8().nullable() };
function* recordsOf(count: number) {
  for (let i = 0; i < count; i++) {
    const image = Float32Array.from({ length: 50 }, (_, k) => Math.sqrt(i + k));
    yield { image, label: i % 9, text: i % 4 ? `text ${i}` : null };
  }
}

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

  it("gives the same bytes of a stream of bytes", async () => {
    const bytes = Uint8Array.from({ length: 500_000 }, (_, i) => (i * i) % 251);
    const ids = new Set<string>();
    for (const workers of [0, 2]) {
      const path = join(folder, `bytes-${workers}.hxz`);
      ids.add((await pack(bytes, path, { workers, blockBytes: 8192 })).id);
    }
    expect(ids.size).toBe(1);
  });

  it("leaves nothing behind when aborted while threads encode", async () => {
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error("enough"));
    const options = { schema, workers: 2, blockBytes: 4096, signal: controller.signal, onProgress };
    await expect(pack(recordsOf(50_000), join(folder, "aborted.hxz"), options)).rejects.toThrow("enough");
    expect((await readdir(folder)).filter((name) => name.includes("aborted"))).toEqual([]);
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
