import { mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { openSnapshot } from "../../src/core/snapshot.js";
import { fields } from "../../src/dataset/fields.js";
import { nodeFileSystem } from "../../src/pack/file-system.js";
import { packWith } from "../../src/pack/pack.js";
import { tempDir } from "../support/temp-dir.js";
import { type FileFaults, withFileFaults } from "./faulty-file-system.js";

const root = await tempDir();
const schema = { value: fields.float64() };
const records = Array.from({ length: 5000 }, (_, i) => ({ value: Math.sqrt(i) }));
const settings = { schema, workers: 0, blockBytes: 4096 } as const;
let folder: string;
let path: string;
let tests = 0;
beforeEach(async () => {
  folder = join(root, String(tests++));
  path = join(folder, "out.hxz");
  await mkdir(folder);
});

const packFaulty = (faults: FileFaults, options: { overwrite?: boolean } = {}) =>
  packWith(withFileFaults(faults).files, records, path, { ...settings, ...options });

describe("publishing", () => {
  it("gives the file the mode of an ordinary one and leaves nothing else", async () => {
    await packWith(nodeFileSystem, records, path, settings);
    expect(((await stat(path)).mode & 0o777).toString(8)).toBe((0o666 & ~process.umask()).toString(8));
    expect(await readdir(folder)).toEqual(["out.hxz"]);
  });

  it("syncs the data before it writes the header, and the whole before it gives it a name", async () => {
    const { files, calls } = withFileFaults({});
    await packWith(files, records, path, settings);
    const end = calls.slice(calls.indexOf("sync"));
    expect(end).toEqual(["sync", "write", "chmod", "sync", "close", "link", "unlink", "syncDirectory"]);
    expect(calls[0]).toBe("create");
  });

  it("writes everything however few bytes a write takes", async () => {
    const whole = join(folder, "whole.hxz");
    await packWith(nodeFileSystem, records, whole, settings);
    await packFaulty({ writeBytes: 1000 });
    expect(Buffer.compare(await readFile(path), await readFile(whole))).toBe(0);
  });

  it("takes a write of nothing for a full disk", async () => {
    await expect(packFaulty({ writeBytes: 0 })).rejects.toMatchObject({ code: "E_NO_SPACE" });
    expect(await readdir(folder)).toEqual([]);
  });

  it("leaves nothing, or all of it, whichever call fails", async () => {
    const { files, calls } = withFileFaults({});
    await packWith(files, records, join(folder, "probe.hxz"), settings);
    const outcomes = new Set<string>();
    for (let k = 0; k < calls.length; k++) {
      const target = join(folder, `fault-${k}.hxz`);
      const faulty = withFileFaults({ fail: (_, number) => (number === k ? "EIO" : undefined) });
      const outcome = await packWith(faulty.files, records, target, settings).then(
        () => "published",
        (error: { code?: string }) => error.code ?? "no code",
      );
      outcomes.add(`${calls[k]}: ${outcome}`);
      const left = (await readdir(folder)).filter((name) => name.includes(`fault-${k}.`));
      const survives = calls[k] === "unlink" || calls[k] === "syncDirectory";
      expect(left, `${calls[k]} as call ${k}`).toEqual(survives ? [`fault-${k}.hxz`] : []);
      if (survives) await (await openSnapshot(target)).close();
    }
    expect(outcomes).toEqual(
      new Set([
        ...["create", "write", "sync", "chmod", "close", "link", "syncDirectory"].map((call) => `${call}: E_IO`),
        // The file has its name by then; the second try of the tidy-up removes the first.
        "unlink: published",
      ]),
    );
  });

  it.each(["ENOSPC", "EDQUOT"])("says %s as E_NO_SPACE with path and bytes", async (code) => {
    const error = await packFaulty({ fail: (call, k) => (call === "write" && k > 3 ? code : undefined) }).catch(
      (e) => e,
    );
    expect(error).toMatchObject({ code: "E_NO_SPACE", context: { path }, cause: { code } });
    expect(error.context.bytes).toBeGreaterThan(0);
    expect(await readdir(folder)).toEqual([]);
  });

  it("never syncs again after a failed sync", async () => {
    const { files, calls } = withFileFaults({ fail: (call) => (call === "sync" ? "EIO" : undefined) });
    await expect(packWith(files, records, path, settings)).rejects.toMatchObject({ code: "E_IO" });
    expect(calls.filter((call) => call === "sync")).toHaveLength(1);
  });

  it("goes without hard links and without directory syncs where there are none", async () => {
    const fail = (call: string) => (call === "link" ? "EPERM" : call === "syncDirectory" ? "EINVAL" : undefined);
    await packFaulty({ fail });
    await (await openSnapshot(path)).close();
    expect(await readdir(folder)).toEqual(["out.hxz"]);
  });
});

describe("the destination", () => {
  /** Records that must not be asked for. */
  const untouched = {
    [Symbol.iterator]: () => {
      throw new Error("the input was read");
    },
  };
  const packUntouched = (where: string, overwrite = false) =>
    packWith(nodeFileSystem, untouched, where, { ...settings, overwrite });

  it("that exists is E_EXISTS before the input is read, and stays", async () => {
    await writeFile(path, "old");
    await expect(packUntouched(path)).rejects.toMatchObject({ code: "E_EXISTS", context: { path } });
    expect(await readFile(path, "utf8")).toBe("old");
  });

  it("that appears meanwhile is E_EXISTS, and stays", async () => {
    const appearing = (function* () {
      yield* records;
      yield { value: 1 };
    })();
    const { files } = withFileFaults({});
    const racing = {
      ...files,
      link: (from: string, to: string) => writeFile(to, "theirs").then(() => files.link(from, to)),
    };
    await expect(packWith(racing, appearing, path, settings)).rejects.toMatchObject({ code: "E_EXISTS" });
    expect(await readFile(path, "utf8")).toBe("theirs");
    expect(await readdir(folder)).toEqual(["out.hxz"]);
  });

  it("is replaced with overwrite, and kept whole where packing fails", async () => {
    await writeFile(path, "old");
    await expect(
      packFaulty({ fail: (call) => (call === "rename" ? "EIO" : undefined) }, { overwrite: true }),
    ).rejects.toThrow();
    expect(await readFile(path, "utf8")).toBe("old");
    await packFaulty({}, { overwrite: true });
    await (await openSnapshot(path)).close();
    expect(await readdir(folder)).toEqual(["out.hxz"]);
  });

  it("that is a directory, or lies in none, is said so", async () => {
    await expect(packUntouched(folder, true)).rejects.toMatchObject({ code: "E_IS_DIRECTORY" });
    await expect(packUntouched(join(folder, "no", "out.hxz"))).rejects.toMatchObject({ code: "E_NOT_FOUND" });
    await writeFile(join(folder, "file"), "");
    await expect(packUntouched(join(folder, "file", "out.hxz"))).rejects.toMatchObject({ code: "E_NOT_FOUND" });
  });

  it("that is no ordinary file is refused even with overwrite", async () => {
    await expect(packUntouched("/dev/null", true)).rejects.toMatchObject({ code: "E_EXISTS" });
    await symlink("nowhere", path);
    await expect(packUntouched(path)).rejects.toMatchObject({ code: "E_EXISTS" });
  });
});
