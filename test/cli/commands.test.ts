import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { openSnapshot } from "../../src/core/snapshot.js";
import { tempDir } from "../support/temp-dir.js";
import { RECORDS, recordAt, writeBytes, writeRecords } from "./fixtures.js";
import { cli } from "./memory-io.js";

const ESCAPE = "\u001b";
let folder: string;
let records: string;
let bytes: string;
const content = Uint8Array.from({ length: 2_500_000 }, (_, i) => (i * i) >> 5);

beforeAll(async () => {
  folder = await tempDir();
  records = await writeRecords(folder);
  bytes = await writeBytes(folder, content);
});

/** The document a command prints with `--json`. */
async function json(...argv: string[]) {
  const { exitCode, stdout, stderr } = await cli([...argv, "--json"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return JSON.parse(stdout);
}

describe("inspect", () => {
  test("--json: header, schema and statistics", async () => {
    await using snapshot = await openSnapshot(records);
    const facts = await json("inspect", records);
    expect(facts).toMatchObject({
      file: records,
      id: snapshot.id,
      kind: "records",
      formatVersion: "1.0",
      records: RECORDS,
      rawBytes: snapshot.size,
      fileBytes: snapshot.source.size,
      blocks: { count: 5 },
      cut: { kind: "fixed", recordsPerBlock: 64 },
      codec: "zstd",
      level: 3,
      checksum: "XXH64",
      schema: { image: { type: "uint8", shape: [2, 2, 3], nullable: false }, text: { type: "utf8", nullable: true } },
      statistics: { label: { count: RECORDS, min: 0, max: 2 }, text: { nulls: 30 } },
    });
    expect(facts.ratio).toBeCloseTo(snapshot.size / snapshot.source.size, 9);
  });

  test("as text: the same, one line per field", async () => {
    const { exitCode, stdout, stderr } = await cli(["inspect", records]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(/^kind +records\nrecords +300$/m);
    expect(stdout).toMatch(/^blocks +5, mean /m);
    expect(stdout).toMatch(/^image +uint8\[2,2,3\] +0 +0 +255 /m);
    expect(stdout).toMatch(/^label +int32 +0 +0 +2 +1 +0×100 1×100 2×100$/m);
    expect(stdout).toMatch(/^text +utf8\? +30 .*\(lengths\)$/m);
  });

  test("bytes have no schema", async () => {
    const facts = await json("inspect", bytes);
    expect(facts).toMatchObject({ kind: "bytes", records: 0, rawBytes: content.length });
    expect(facts).not.toHaveProperty("schema");
  });

  test("--quiet says nothing; colours are for terminals that want them", async () => {
    expect(await cli(["inspect", "--quiet", records])).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    expect((await cli(["inspect", records])).stdout).not.toContain(ESCAPE);
    expect((await cli(["inspect", records], { isTerminal: true })).stdout).toContain(`${ESCAPE}[1m`);
    const plain = await cli(["inspect", records], { isTerminal: true, env: { NO_COLOR: "1" } });
    expect(plain.stdout).not.toContain(ESCAPE);
  });
});

describe("verify", () => {
  test("says what was checked", async () => {
    const { exitCode, stdout, stderr } = await cli(["verify", records]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(
      /^ok .*records\.hxz: header, metadata, counts and .*5 blocks \(checksums;.* 300 records\) in /,
    );
    expect((await cli(["verify", "--deep", records])).stdout).toContain("(checksums, contents and hashes;");
  });

  test("--json", async () => {
    expect(await json("verify", records)).toMatchObject({ ok: true, blocks: 5, deep: false, hashesCompared: false });
    expect(await json("verify", "--deep", bytes)).toMatchObject({ ok: true, deep: true, hashesCompared: true });
  });

  test("progress goes to a terminal's stderr, and never with --quiet or --json", async () => {
    const { stdout, stderr } = await cli(["verify", bytes], { isTerminal: true });
    expect(stderr).toMatch(/%/);
    expect(stderr.endsWith(`\r${ESCAPE}[2K`)).toBe(true);
    expect(stdout).not.toContain("%");
    for (const flag of ["--quiet", "--json"]) {
      expect((await cli(["verify", flag, bytes], { isTerminal: true })).stderr).toBe("");
    }
  });
});

describe("head", () => {
  test("records in order, one line per field, safe to print", async () => {
    const { exitCode, stdout, stderr } = await cli(["head", "-n", "2", records]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toBe(
      [
        "record 0",
        "  image  uint8[2,2,3]  0 1 2 3 4 5 6 7 …",
        "  label  int32         0",
        "  id     int64         9007199254740992",
        "  text   utf8?         null",
        "record 1",
        "  image  uint8[2,2,3]  1 2 3 4 5 6 7 8 …",
        "  label  int32         1",
        "  id     int64         9007199254740993",
        '  text   utf8?         "record \\"1\\"\\u001b[2J"',
        "",
      ].join("\n"),
    );
  });

  test("--json: every record whole on a line", async () => {
    const { stdout } = await cli(["head", "--json", "-n", "1000", records]);
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(RECORDS);
    for (const [i, line] of lines.entries()) {
      const expected = recordAt(i);
      expect(JSON.parse(line)).toEqual({ ...expected, image: [...expected.image], id: String(expected.id) });
    }
  });

  test("ten by default, none when asked for none", async () => {
    expect((await cli(["head", records])).stdout.match(/^record /gm)).toHaveLength(10);
    expect((await cli(["head", "-n", "0", records])).stdout).toBe("");
  });
});

describe("cat", () => {
  async function cat(...argv: string[]) {
    const chunks: Uint8Array[] = [];
    const { exitCode, stderr } = await cli(["cat", ...argv], { onWrite: (chunk) => chunks.push(chunk) });
    return { exitCode, stderr, chunks, bytes: Buffer.concat(chunks) };
  }

  test("everything, in pieces of 1 MiB", async () => {
    const { chunks, bytes: all } = await cat(bytes);
    expect(Buffer.compare(all, content)).toBe(0);
    expect(chunks.map((chunk) => chunk.length)).toEqual([2 ** 20, 2 ** 20, content.length - 2 ** 21]);
  });

  test.each([
    [["--offset", "1000000", "--length", "1234567"], 1_000_000, 2_234_567],
    [["--offset", "2499999"], 2_499_999, 2_500_000],
    [["--offset", "2500000"], 2_500_000, 2_500_000],
    [["--length", "0"], 0, 0],
  ])("%j", async (range, start, end) => {
    expect(Buffer.compare((await cat(bytes, ...range)).bytes, content.subarray(start, end))).toBe(0);
  });

  test("past the end is wrong usage", async () => {
    for (const range of [
      ["--offset", "2500001"],
      ["--offset", "2499999", "--length", "2"],
    ]) {
      const { exitCode, stderr, chunks } = await cat(bytes, ...range);
      expect({ exitCode, chunks }).toEqual({ exitCode: 2, chunks: [] });
      expect(stderr).toContain("which has 2500000 raw bytes");
    }
  });

  test("records are their rows", async () => {
    await using snapshot = await openSnapshot(records);
    expect(Buffer.compare((await cat(records)).bytes, await snapshot.read(0, snapshot.size))).toBe(0);
  });
});

describe("bench", () => {
  test("--json: epochs beside their limit", async () => {
    const result = await json("bench", "--epochs", "2", "--batch-size", "50", "--workers", "0", records);
    expect(result).toMatchObject({ records: RECORDS, blocks: 5, batchSize: 50, workers: 0, memoryBytes: 512e6 });
    expect(result.limit.ms).toBeGreaterThan(0);
    expect(result.epochs).toHaveLength(2);
    for (const [i, epoch] of result.epochs.entries()) {
      expect(epoch).toMatchObject({ epoch: i, steps: 6, records: RECORDS });
      expect(epoch.firstBatchMs).toBeLessThanOrEqual(epoch.ms);
      expect(epoch.ofLimit).toBeCloseTo(result.limit.ms / epoch.ms, 9);
    }
    // All of it fits the memory: the second epoch reads nothing.
    expect(result.epochs.map((epoch: { storedBytesRead: number }) => epoch.storedBytesRead)).toEqual([
      result.storedBytes,
      0,
    ]);
  });

  test("as text", async () => {
    const { exitCode, stdout } = await cli([
      "bench",
      "--epochs",
      "1",
      "--workers",
      "0",
      "--shuffle",
      "window",
      records,
    ]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^epoch 0 .* 3 /m);
    expect(stdout).toMatch(/^limit .* 1\.00$/m);
  });

  test("can be interrupted", async () => {
    const { exitCode } = await cli(["bench", "--workers", "0", records], { signal: AbortSignal.abort() });
    expect(exitCode).toBe(130);
  });
});

describe("pack", () => {
  test("--json says what was packed", async () => {
    const output = join(folder, "stdin.hxz");
    const argv = ["pack", "--bytes", "-", "-o", output, "--workers", "0", "--block-bytes", "64 KiB", "--json"];
    const { exitCode, stdout, stderr } = await cli(argv, { stdin: [content.subarray(0, 9), content.subarray(9)] });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ kind: "bytes", path: output, records: 0, rawBytes: content.length, skipped: [] });
    await using snapshot = await openSnapshot(output);
    expect(result.id).toBe(snapshot.id);
    expect(Buffer.compare(await snapshot.read(0, content.length), content)).toBe(0);
  });
});
