import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as zlib from "node:zlib";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { tempDir } from "../../support/temp-dir.js";

/** Node from 22.15 on decodes zstd itself; before, the wasm build has to be loaded. */
const DECODES_ZSTD = "zstdDecompressSync" in zlib;
const WASM_KEY = Symbol.for("hexz.zstd-wasm");
const folder = await tempDir();
const raw = Uint8Array.from({ length: 4000 }, (_, i) => i >> 4);

const isWasmLoaded = () => Reflect.has(globalThis, WASM_KEY);

/** The modules as a fresh thread has them: nothing loaded. */
beforeEach(() => {
  vi.resetModules();
  Reflect.deleteProperty(globalThis, WASM_KEY);
});

/** A snapshot whose header names LZ4 and whose blocks are zstd, written by modules of its own. */
async function mixedSnapshot(): Promise<string> {
  const { encodeBlock } = await import("../../../src/core/blocks.js");
  const { loadPacking } = await import("../../../src/pack/encode-block.js");
  const { AtomicFile } = await import("../../../src/pack/publish.js");
  const { nodeFileSystem } = await import("../../../src/pack/file-system.js");
  const { SnapshotWriter } = await import("../../../src/pack/writer.js");
  await loadPacking();
  const path = join(folder, "mixed.hxz");
  await using file = await AtomicFile.create(path, nodeFileSystem);
  const cut = { cut: "fixed", targetBytes: 4096, records: 0 } as const;
  const writer = new SnapshotWriter(file, { kind: "bytes", checksum: 1, codec: "lz4", level: 0, cut });
  const recipe = { codec: "zstd", level: 3, checksum: 1, rows: undefined, filters: [], verify: true } as const;
  for (let i = 0; i < 2; i++) await writer.append(encodeBlock(raw, 0, recipe));
  await writer.finish({});
  await file.publish({ overwrite: true });
  vi.resetModules();
  return path;
}

describe("a snapshot loads the codec it needs", () => {
  it.each(["bytes-lz4-1.0.hxz", "records-stored-1.0.hxz"])("%s: not zstd", async (name) => {
    const { openSnapshot } = await import("../../../src/core/snapshot.js");
    await using snapshot = await openSnapshot(join("test/core/golden", name));
    await snapshot.verify({ deep: true });
    expect(isWasmLoaded()).toBe(false);
  });

  it("zstd at open where its header names it", async () => {
    const { openSnapshot } = await import("../../../src/core/snapshot.js");
    await using snapshot = await openSnapshot("test/core/golden/bytes-zstd-1.0.hxz");
    expect(isWasmLoaded()).toBe(!DECODES_ZSTD);
    await snapshot.entry(0);
    expect(snapshot.readBlockSync(0)).toEqual(await snapshot.readBlock(0));
  });

  it("zstd with the first such block where its header names another", async () => {
    const path = await mixedSnapshot();
    const { openSnapshot } = await import("../../../src/core/snapshot.js");
    await using snapshot = await openSnapshot(path);
    await snapshot.entry(0);
    if (!DECODES_ZSTD) expect(snapshot.readBlockSync(0)).toBeUndefined();
    expect(await snapshot.readBlock(0)).toEqual(raw);
    await using another = await openSnapshot(path);
    expect(await another.verify({ deep: true })).toMatchObject({ blocks: 2 });
  });

  it("a block whose codec was not loaded is refused by name, never decoded wrongly", async () => {
    const path = await mixedSnapshot();
    const { openSnapshot } = await import("../../../src/core/snapshot.js");
    const { decodeBlock } = await import("../../../src/core/block-decoder.js");
    await using snapshot = await openSnapshot(path);
    const entry = await snapshot.entry(1);
    const stored = readFileSync(path).subarray(entry.offset, entry.offset + entry.storedLength);
    const target = new Uint8Array(entry.rawLength);
    const decode = () => decodeBlock(stored, entry, snapshot.recipe, target);
    if (DECODES_ZSTD) {
      decode();
      expect(target).toEqual(raw);
    } else {
      expect(decode).toThrow(expect.objectContaining({ code: "E_CODEC" }));
      expect(decode).toThrow(
        /^block 1 of .*mixed\.hxz at offset \d+ cannot be decoded \(codec 2 \(zstd\) is not loaded/,
      );
    }
  });
});
