import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { tempDir } from "../support/temp-dir.js";
import { writeBadCopies, writeBytes, writeRecords } from "./fixtures.js";
import { cli } from "./memory-io.js";

const COMMANDS = ["pack", "inspect", "verify", "head", "cat", "bench"];
let folder: string;
let good: string;
let bad: Readonly<Record<string, string>>;

beforeAll(async () => {
  folder = await tempDir();
  good = await writeRecords(folder);
  bad = await writeBadCopies(good, folder);
});

describe("help", () => {
  test("hexz --help names every command and the exit codes", async () => {
    const { exitCode, stdout, stderr } = await cli(["--help"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
    expect(stdout).toContain("Exit codes: 0 fine, 1 ");
  });

  test.each(COMMANDS)("hexz %s --help has the common options and examples", async (command) => {
    const { exitCode, stdout, stderr } = await cli([command, "--help"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    for (const option of ["--json", "--quiet", "--debug"]) expect(stdout).toContain(option);
    expect(stdout).toMatch(new RegExp(`Examples:\n {2}\\$ hexz ${command} `));
  });

  test("--version is the package's", async () => {
    const manifest = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"));
    expect(await cli(["--version"])).toEqual({ exitCode: 0, stdout: `${manifest.version}\n`, stderr: "" });
  });

  test("without a command the help goes to stderr and the exit code is 2", async () => {
    const { exitCode, stdout, stderr } = await cli([]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain("Usage: hexz");
  });
});

describe("wrong usage: exit code 2, one sentence that names what is wrong, and where help is", () => {
  test.each([
    [["frobnicate"], "unknown command 'frobnicate'", "hexz --help"],
    [["inspekt", "x.hxz"], "Did you mean inspect?", "hexz --help"],
    [["inspect"], "missing required argument 'file'", "hexz inspect --help"],
    [["inspect", "a.hxz", "b.hxz"], "too many arguments", "hexz inspect --help"],
    [["inspect", "--deep", "a.hxz"], "unknown option '--deep'", "hexz inspect --help"],
    [["inspect", ""], '<file> must be a path or a URL, got ""', "hexz inspect --help"],
    [["inspect", "ftp://host/a.hxz"], "<file> must have a known scheme (file: ", "hexz inspect --help"],
    [["head", "http://"], '<file> must be a valid URL, got one that begins with "http:"', "hexz head --help"],
    [["head", "-n", "ten", "a.hxz"], "'ten' is invalid. It must be an integer >= 0.", "hexz head --help"],
    [["head", "-n", "-1", "a.hxz"], "'-1' is invalid", "hexz head --help"],
    [["head", "-n", "1.5", "a.hxz"], "'1.5' is invalid", "hexz head --help"],
    [["cat", "--offset", "0x10", "a.hxz"], "'0x10' is invalid", "hexz cat --help"],
    [["cat", "--length", "99999999999999999999", "a.hxz"], "is invalid", "hexz cat --help"],
    [["bench", "--batch-size", "0", "a.hxz"], "It must be an integer from 1 to 2147483647", "hexz bench --help"],
    [["bench", "--shuffle", "some", "a.hxz"], "Allowed choices are auto, full, window", "hexz bench --help"],
    [["bench", "--memory", "lots", "a.hxz"], '--memory must be a size like "512MiB"', "hexz bench --help"],
    [["bench", "--workers", "65", "a.hxz"], "from 0 to 64", "hexz bench --help"],
    [["pack", "x.csv"], "required option '-o, --output <file>' not specified", "hexz pack --help"],
    [["pack", "-o", "y.hxz"], "missing required argument 'input'", "hexz pack --help"],
    [["pack", "x", "-o", ""], "--output must be the path of a file", "hexz pack --help"],
    [["pack", "x", "-o", "y.hxz", "--codec", "gzip"], "Allowed choices are lz4, zstd, stored", "hexz pack --help"],
    [["pack", "x", "-o", "y.hxz", "--source", "tar"], "Allowed choices are", "hexz pack --help"],
    [["pack", "x", "-o", "y.hxz", "--cut", "some"], "Allowed choices are content, fixed", "hexz pack --help"],
    [["pack", "x", "-o", "y.hxz", "--on-bad", "ignore"], "Allowed choices are raise, skip", "hexz pack --help"],
    [["pack", "x", "-o", "y.hxz", "--parent", "v1.hxz"], "unknown option '--parent'", "hexz pack --help"],
    [["pack", "x", "-o", "y.hxz", "--bytes", "--source", "csv"], "cannot be used with", "hexz pack --help"],
    [["pack", "a", "b", "-o", "y.hxz", "--bytes"], "--bytes packs one file, got 2", "hexz pack --help"],
  ])("hexz %j", async (argv, message, help) => {
    const { exitCode, stdout, stderr } = await cli(argv);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    const [line, hint, ...rest] = stderr.split("\n");
    expect(line).toMatch(/^hexz: /);
    expect(line).toContain(message);
    expect([hint, ...rest]).toEqual([`Try: ${help}`, ""]);
  });

  test.each([
    [["a.csv", "b.csv"], "csv takes one input, got 2: pack each into its own snapshot"],
    [["a.jsonl", "b.jsonl", "c.jsonl"], "jsonl takes one input, got 3: pack each into its own snapshot"],
    [["a-idx3-ubyte", "b-idx1-ubyte", "c"], "idx takes a file of images and one of labels, got 3 files"],
    [["photos", "more-photos"], "images takes one input, got 2: pack each into its own snapshot"],
  ])("too many inputs for their format: hexz pack %j", async (names, message) => {
    const inputs = names.map((name) => join(folder, "too-many", name));
    for (const input of inputs) await mkdir(input, { recursive: true });
    const { exitCode, stderr } = await cli(["pack", ...inputs, "-o", join(folder, "never.hxz")]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: `hexz: ${message}\nTry: hexz pack --help\n` });
    expect(await readdir(folder)).not.toContain("never.hxz");
  });

  test.each([
    [["--level", "99", "--codec", "zstd"], "--level must be an integer from 1 to"],
    [["--level", "3"], "--level must be left out: codec lz4 has no levels"],
    [["--block-bytes", "3"], "--block-bytes must be an integer from 64"],
    [["--block-bytes", "big"], '--block-bytes must be a size like "512MiB"'],
    [["--workers", "100"], "--workers must be an integer from 0 to 64, got 100"],
  ])("the library's own checks speak of the command line: %j", async (options, message) => {
    const output = join(folder, "never.hxz");
    const { exitCode, stderr } = await cli(["pack", "--bytes", good, "-o", output, ...options]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`hexz: ${message}`);
    expect(await readdir(folder)).not.toContain("never.hxz");
  });
});

describe("bad files: exit code 1, one line with the code, nothing on stdout", () => {
  const readers = [["inspect"], ["verify"], ["verify", "--deep"], ["head"], ["cat"], ["bench"]];
  const atOpening = ["E_NOT_SNAPSHOT", "E_TRUNCATED", "E_VERSION", "E_FEATURE", "E_CODEC", "E_CORRUPT"];

  test.each(readers.flatMap((argv) => atOpening.map((code) => [argv.join(" "), code] as const)))(
    "hexz %s of a file that is %s",
    async (command, code) => {
      const { exitCode, stdout, stderr } = await cli([...command.split(" "), String(bad[code])]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
      expect(stderr).toMatch(/^hexz: [^\n]+\n$/);
      expect(stderr).toContain(`(${code})`);
      expect(stderr).toContain(String(bad[code]));
    },
  );

  test.each([["verify"], ["verify --deep"], ["head"], ["cat"], ["bench"]])(
    "hexz %s of a damaged block",
    async (command) => {
      const { exitCode, stdout, stderr } = await cli([...command.split(" "), String(bad.E_BLOCK_CORRUPT)]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
      expect(stderr).toMatch(/^hexz: block 0 of .* is damaged .*\(E_BLOCK_CORRUPT\)\n$/);
    },
  );

  test("a file that is missing, a directory, empty, or on a server that is not there", async () => {
    const empty = join(folder, "empty.hxz");
    await writeFile(empty, "");
    for (const [path, code] of [
      [join(folder, "missing.hxz"), "E_NOT_FOUND"],
      [folder, "E_IS_DIRECTORY"],
      [empty, "E_NOT_SNAPSHOT"],
      ["http://127.0.0.1:1/x.hxz", "E_NETWORK"],
    ] as const) {
      const { exitCode, stdout, stderr } = await cli(["inspect", path]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
      expect(stderr).toContain(`(${code})`);
    }
  });

  test("records asked of bytes", async () => {
    const bytes = await writeBytes(folder, new Uint8Array(100));
    for (const command of ["head", "bench"]) {
      const { exitCode, stderr } = await cli([command, bytes]);
      expect(exitCode).toBe(1);
      expect(stderr).toContain("(E_KIND)");
    }
  });
});

describe("pack refuses, and leaves nothing behind", () => {
  test.each([
    ["an output that exists", "taken.hxz", "E_EXISTS", "--overwrite"],
    ["an output that is a directory", "directory", "E_IS_DIRECTORY", "directory"],
    ["an output in a directory that is not there", "nowhere/x.hxz", "E_NOT_FOUND", "nowhere"],
  ])("%s", async (_, name, code, message) => {
    const place = await tempDir();
    await writeFile(join(place, "taken.hxz"), "old");
    await mkdir(join(place, "directory"));
    const { exitCode, stdout, stderr } = await cli(["pack", "--bytes", good, "-o", join(place, name)]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toContain(`(${code})`);
    expect(stderr).toContain(message);
    expect((await readdir(place)).sort()).toEqual(["directory", "taken.hxz"]);
    expect(await readFile(join(place, "taken.hxz"), "utf8")).toBe("old");
  });

  test.each([
    ["a missing input", "missing", "E_NOT_FOUND"],
    ["an input that is a directory", ".", "E_IS_DIRECTORY"],
    ["an empty input", "empty", "E_EMPTY"],
  ])("%s", async (_, name, code) => {
    const place = await tempDir();
    await writeFile(join(place, "empty"), "");
    const output = join(place, "x.hxz");
    const { exitCode, stderr } = await cli(["pack", "--bytes", join(place, name), "-o", output, "--workers", "0"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`(${code})`);
    expect(await readdir(place)).toEqual(["empty"]);
  });

  test("an input whose format its name does not tell, with what to do", async () => {
    const output = join(folder, "never.hxz");
    const { exitCode, stdout, stderr } = await cli(["pack", good, "-o", output]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toContain("known are idx, csv, jsonl, images; name one with --source, or");
    expect(stderr).toContain("with --bytes (E_INPUT)");
  });

  test("an input of a known format that is missing", async () => {
    const { exitCode, stderr } = await cli(["pack", join(folder, "no.csv"), "-o", join(folder, "never.hxz")]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^hexz: .*no\.csv does not exist; check the path \(E_NOT_FOUND\)\n$/);
  });

  test.each([
    ["only a header line", "a,b\n", "E_EMPTY"],
    ["nothing at all", "", "E_"],
    ["an open quote", 'a,b\n1,"2\n', "E_INPUT"],
  ])("csv of %s", async (_, text, code) => {
    const place = await tempDir();
    await writeFile(join(place, "x.csv"), text);
    const argv = ["pack", join(place, "x.csv"), "-o", join(place, "x.hxz"), "--workers", "0"];
    const { exitCode, stdout, stderr } = await cli(argv);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toMatch(/^hexz: [^\n]+\n$/);
    expect(stderr).toContain(`(${code}`);
    expect(await readdir(place)).toEqual(["x.csv"]);
  });

  test("a broken image: an error by default, left out and named with --on-bad skip", async () => {
    const place = await tempDir();
    const photos = join(place, "photos");
    await mkdir(join(photos, "cat"), { recursive: true });
    const pixels = { create: { width: 4, height: 4, channels: 3, background: "red" } } as const;
    await sharp(pixels)
      .png()
      .toFile(join(photos, "cat", "good.png"));
    await writeFile(join(photos, "cat", "broken.png"), "not an image");
    const argv = ["pack", photos, "-o", join(place, "x.hxz"), "--workers", "0"];
    const raised = await cli(argv);
    expect(raised).toMatchObject({ exitCode: 1, stdout: "" });
    expect(raised.stderr).toMatch(/broken\.png.*\(E_IMAGE\)/);
    expect(await readdir(place)).toEqual(["photos"]);
    const skipped = await cli([...argv, "--on-bad", "skip"]);
    expect(skipped).toMatchObject({ exitCode: 0, stderr: "" });
    expect(skipped.stdout).toMatch(/left out 1 broken image: .*broken\.png/);
  });

  test("an interrupted pack ends with 130", async () => {
    const place = await tempDir();
    const interrupt = new AbortController();
    function* stdin() {
      for (let i = 0; ; i++) {
        if (i === 10) interrupt.abort();
        yield new Uint8Array(65_536);
      }
    }
    const argv = ["pack", "--bytes", "-", "-o", join(place, "x.hxz"), "--workers", "0"];
    const { exitCode, stderr } = await cli(argv, { signal: interrupt.signal, stdin: stdin() });
    expect({ exitCode, stderr }).toEqual({ exitCode: 130, stderr: "hexz: interrupted\n" });
    expect(await readdir(place)).toEqual([]);
  });
});

describe("--json and --debug", () => {
  test("errors are one document on stderr", async () => {
    const path = join(folder, "missing.hxz");
    const { exitCode, stdout, stderr } = await cli(["inspect", "--json", path]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    const { error } = JSON.parse(stderr);
    expect(Object.keys(error)).toEqual(["code", "message", "context"]);
    expect(error.code).toBe("E_NOT_FOUND");
    expect(error.message).toContain(path);
  });

  test("wrong usage too, also of an unknown command", async () => {
    for (const argv of [
      ["inspect", "--json"],
      ["frobnicate", "--json"],
      ["pack", "--json", "x", "--level", "x"],
    ]) {
      const { exitCode, stderr } = await cli(argv);
      expect(exitCode).toBe(2);
      expect(JSON.parse(stderr).error).toMatchObject({ code: "E_USAGE", context: {} });
    }
  });

  test("stack traces only with --debug", async () => {
    const path = join(folder, "missing.hxz");
    expect((await cli(["inspect", path])).stderr).not.toMatch(/\n\s+at /);
    expect((await cli(["inspect", "--debug", path])).stderr).toMatch(/\n\s+at /);
    expect(JSON.parse((await cli(["inspect", "--json", "--debug", path])).stderr).error.stack).toMatch(/\n\s+at /);
  });

  test("an unexpected error is one line that says what to do", async () => {
    const onWrite = () => {
      throw new TypeError("boom\nsecond line");
    };
    const { exitCode, stderr } = await cli(["inspect", good], { onWrite });
    expect(exitCode).toBe(1);
    expect(stderr).toBe("hexz: internal error: boom second line (run with --debug and report it)\n");
  });

  test("a reader that has gone is no error", async () => {
    const onWrite = () => {
      throw Object.assign(new Error("write EPIPE"), { code: "EPIPE" });
    };
    for (const argv of [["inspect", good], ["head", good], ["cat", good], ["--help"]]) {
      expect(await cli(argv, { onWrite })).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    }
  });
});
