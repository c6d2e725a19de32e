import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { tempDir } from "../support/temp-dir.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const bin = join(root, "dist/src/cli/main.js");
const IMAGES = join(root, "examples/data/t10k-images-idx3-ubyte.gz");
const LABELS = join(root, "examples/data/t10k-labels-idx1-ubyte.gz");

interface BinResult {
  readonly exitCode: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs the built bin with pipes for its streams. */
async function hexz(...argv: string[]): Promise<BinResult> {
  const child = spawn(process.execPath, [bin, ...argv], { stdio: ["ignore", "pipe", "pipe"] });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  const [exitCode] = await once(child, "close");
  return { exitCode, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() };
}

/** Runs it in a shell pipe, where `hexz` is the bin. */
async function shell(script: string): Promise<BinResult> {
  const child = spawn("bash", ["-c", `hexz() { "$NODE" "$BIN" "$@"; }; ${script}`], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE: process.execPath, BIN: bin },
  });
  const stdout: Buffer[] = [];
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [exitCode] = await once(child, "close");
  return { exitCode, stdout: Buffer.concat(stdout), stderr };
}

async function lines(...argv: string[]): Promise<string[]> {
  const { exitCode, stdout, stderr } = await hexz(...argv);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return stdout.toString().trimEnd().split("\n");
}

describe("Fashion-MNIST through the built bin", () => {
  let folder: string;
  let snapshot: string;
  let packed: BinResult;

  beforeAll(async () => {
    folder = await tempDir();
    snapshot = join(folder, "fashion.hxz");
    packed = await hexz("pack", IMAGES, LABELS, "-o", snapshot, "--workers", "2");
  });

  test("pack: a summary on stdout, nothing on stderr, no colours and no progress in a pipe, one new file", async () => {
    expect(packed).toMatchObject({ exitCode: 0, stderr: "" });
    const text = packed.stdout.toString();
    expect(text).toMatch(/fashion\.hxz: 10,000 records in [\d,]+ blocks\n/);
    expect(text).not.toContain("\u001b");
    expect(await readdir(folder)).toEqual(["fashion.hxz"]);
  });

  test("pack: the same bytes without workers", async () => {
    const other = join(await tempDir(), "other.hxz");
    expect(await hexz("pack", LABELS, IMAGES, "-o", other, "--workers", "0", "--quiet")).toMatchObject({
      exitCode: 0,
      stderr: "",
      stdout: Buffer.alloc(0),
    });
    expect(Buffer.compare(await readFile(other), await readFile(snapshot))).toBe(0);
  });

  test("inspect, verify", async () => {
    const facts = JSON.parse((await lines("inspect", "--json", snapshot)).join("\n"));
    expect(facts).toMatchObject({ kind: "records", records: 10_000, codec: "lz4" });
    expect(facts.statistics.label.histogram).toEqual(Array.from({ length: 10 }, (_, label) => [label, 1000]));
    const [line = ""] = await lines("verify", "--deep", snapshot);
    expect(line).toMatch(/^ok .* 10,000 records\) in /);
  });

  test("head gives the pixels and labels of the idx files", async () => {
    const images = gunzipSync(await readFile(IMAGES)).subarray(16);
    const labels = gunzipSync(await readFile(LABELS)).subarray(8);
    const records = (await lines("head", "--json", "-n", "100", snapshot)).map((line) => JSON.parse(line));
    expect(records).toHaveLength(100);
    for (const [i, { image, label }] of records.entries()) {
      expect(label).toBe(labels[i]);
      expect(Buffer.compare(Buffer.from(image), images.subarray(784 * i, 784 * (i + 1)))).toBe(0);
    }
  });

  test("cat streams all rows", async () => {
    const { rawBytes } = JSON.parse((await lines("inspect", "--json", snapshot)).join("\n"));
    const { exitCode, stdout, stderr } = await hexz("cat", snapshot);
    expect({ exitCode, stderr, bytes: stdout.length }).toEqual({ exitCode: 0, stderr: "", bytes: rawBytes });
  });

  test("bench on decode threads", async () => {
    const argv = ["bench", "--json", "--epochs", "1", "--workers", "2", snapshot];
    const result = JSON.parse((await lines(...argv)).join("\n"));
    expect(result.epochs).toMatchObject([{ steps: 79, records: 10_000, storedBytesRead: result.storedBytes }]);
  });

  test("a reader that leaves early is no error", async () => {
    for (const command of [`head --json -n 10000`, "cat", "inspect", "verify"]) {
      const script = `hexz ${command} '${snapshot}' | true; echo "\${PIPESTATUS[0]}"`;
      expect(await shell(script)).toMatchObject({ stdout: Buffer.from("0\n"), stderr: "" });
    }
    const first = await shell(`hexz cat '${snapshot}' | head -c 5 | wc -c; echo "\${PIPESTATUS[0]}"`);
    expect(first.stdout.toString().trim().split(/\s+/)).toEqual(["5", "0"]);
  });

  test("errors go to stderr with exit code 1, wrong usage with 2", async () => {
    const again = await hexz("pack", IMAGES, LABELS, "-o", snapshot);
    expect(again).toMatchObject({ exitCode: 1, stdout: Buffer.alloc(0) });
    expect(again.stderr).toMatch(/^hexz: [^\n]*--overwrite \(E_EXISTS\)\n$/);
    expect(await hexz("pack", IMAGES)).toMatchObject({ exitCode: 2, stdout: Buffer.alloc(0) });
    expect(await hexz()).toMatchObject({ exitCode: 2, stdout: Buffer.alloc(0) });
  });

  test.each(["SIGINT", "SIGTERM"] as const)("%s while packing: 130 and nothing left behind", async (signal) => {
    const place = await tempDir();
    const child = spawn(process.execPath, [bin, "pack", "--bytes", "-", "-o", join(place, "x.hxz"), "--workers", "1"]);
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.stdin.on("error", () => undefined);
    // The input never ends; once it is writing its temporary file it is well under way.
    child.stdin.write(Buffer.alloc(8 * 2 ** 20, "hexz"));
    while ((await readdir(place)).length === 0) await new Promise((resolve) => setImmediate(resolve));
    child.kill(signal);
    const [exitCode] = await once(child, "close");
    expect({ exitCode, stderr }).toEqual({ exitCode: 130, stderr: "hexz: interrupted\n" });
    expect(await readdir(place)).toEqual([]);
  });
});

test("csv: pack, verify, head", async () => {
  const folder = await tempDir();
  const csv = join(folder, "animals.csv");
  const snapshot = join(folder, "animals.hxz");
  await writeFile(csv, '\ufeffname,legs,id\r\n"cat, big",4,9007199254740993\r\nspider,8,2\r\n');
  expect(await hexz("pack", csv, "-o", snapshot, "--codec", "zstd", "--level", "9")).toMatchObject({
    exitCode: 0,
    stderr: "",
  });
  expect((await lines("verify", snapshot)).join("")).toContain("2 records");
  expect((await lines("head", "--json", snapshot)).map((line) => JSON.parse(line))).toMatchObject([
    { name: "cat, big", id: "9007199254740993" },
    { name: "spider", id: "2" },
  ]);
  const schema = JSON.parse((await lines("inspect", "--json", snapshot)).join("\n")).schema;
  expect(Object.keys(schema)).toEqual(["name", "legs", "id"]);
});
