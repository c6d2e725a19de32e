import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const lock: { packages: Record<string, LockedPackage> } = JSON.parse(
  readFileSync(join(root, "package-lock.json"), "utf8"),
);

interface LockedPackage {
  readonly hasInstallScript?: boolean;
  readonly dev?: boolean;
  readonly peer?: boolean;
  readonly resolved?: string;
}

const subpaths = Object.entries<string | Record<string, string>>(manifest.exports).filter(
  (entry): entry is [string, Record<string, string>] => typeof entry[1] === "object",
);

describe("package.json", () => {
  it.each(subpaths)("exports %s with types first, both built", (_subpath, conditions) => {
    expect(Object.keys(conditions)).toEqual(["types", "default"]);
    for (const path of Object.values(conditions)) expect(existsSync(join(root, path)), path).toBe(true);
  });

  it("names a command that is built and starts with the interpreter line", () => {
    expect(readFileSync(join(root, manifest.bin.hexz), "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it("ships what it says", () => {
    for (const path of manifest.files) expect(existsSync(join(root, path)), path).toBe(true);
  });

  it("marks every peer optional", () => {
    for (const name of Object.keys(manifest.peerDependencies)) {
      expect(manifest.peerDependenciesMeta[name], name).toEqual({ optional: true });
    }
  });
});

describe("package-lock.json", () => {
  const packages = Object.entries(lock.packages);

  it("has no runtime dependency with an install script", () => {
    const scripted = packages.filter(([, { hasInstallScript, dev }]) => hasInstallScript === true && dev !== true);
    expect(scripted.map(([path]) => path)).toEqual([]);
  });

  it("resolves from the public registry only", () => {
    const hosts = new Set(packages.flatMap(([, { resolved }]) => (resolved ? [new URL(resolved).host] : [])));
    // npm may be set up to leave addresses out of the lock file; where there are any, no other host may be among them.
    expect([...hosts].filter((host) => host !== "registry.npmjs.org")).toEqual([]);
  });
});
