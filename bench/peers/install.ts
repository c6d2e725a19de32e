import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Entry, PythonEnvironment } from "./catalogue.js";
import { CACHE, SOURCES } from "./workloads.js";

/** Directory and steps of each environment. Each file of requirements is one `pip install`. */
const ENVIRONMENTS: Readonly<
  Record<PythonEnvironment, { readonly directory: string; readonly files: readonly string[] }>
> = {
  base: { directory: "base", files: ["base"] },
  torch: { directory: "torch", files: ["torch"] },
  ffcv: { directory: "torch", files: ["torch", "ffcv"] },
  tensorflow: { directory: "tensorflow", files: ["tensorflow"] },
};

/** The command that runs an entry's program, installed if it is not yet; or why that cannot be. */
export type Installed = { readonly command: readonly string[] } | { readonly problem: string };

export function installEntry({ program, environment }: Entry): Installed {
  if (environment === undefined) {
    const problem = program === "hexz.js" ? undefined : installNode();
    const command = [process.execPath, join(CACHE, "..", "..", "dist", "bench", "peers", "node", program)];
    return problem === undefined ? { command } : { problem };
  }
  const { directory, files } = ENVIRONMENTS[environment];
  const path = join(CACHE, "venvs", directory);
  const problem = files.map((file) => installRequirements(path, file)).find((found) => found !== undefined);
  return problem === undefined
    ? { command: [join(path, "bin", "python"), join(SOURCES, "python", program)] }
    : { problem };
}

function installNode(): string | undefined {
  const directory = join(CACHE, "node");
  const manifest = join(SOURCES, "node", "packages.json");
  return once(directory, "packages", readFileSync(manifest), () => {
    copyFileSync(manifest, join(directory, "package.json"));
    return run("npm", ["install", "--no-audit", "--no-fund", "--prefix", directory]);
  });
}

function installRequirements(venv: string, file: string): string | undefined {
  const requirements = join(SOURCES, "python", `requirements-${file}.txt`);
  return once(venv, file, readFileSync(requirements), () => {
    const python = join(venv, "bin", "python");
    const made = existsSync(python) ? undefined : run("python3", ["-m", "venv", venv]);
    // FFCV is compiled with the numpy and torch that are there.
    return (
      made ??
      run(python, [
        "-m",
        "pip",
        "install",
        "-q",
        ...(file === "ffcv" ? ["--no-build-isolation"] : []),
        "-r",
        requirements,
      ])
    );
  });
}

/** Runs `work` unless it has succeeded for the same `input`, or failed for it in this process. */
function once(directory: string, name: string, input: Uint8Array, work: () => string | undefined): string | undefined {
  const marker = join(directory, `${name}.installed`);
  const hash = createHash("sha256").update(input).digest("hex");
  if (existsSync(marker) && readFileSync(marker, "utf8") === hash) return undefined;
  const known = failures.get(marker);
  if (known !== undefined) return known;
  console.log(`installing ${name} into ${directory}`);
  mkdirSync(directory, { recursive: true });
  const problem = work();
  if (problem === undefined) writeFileSync(marker, hash);
  else failures.set(marker, problem);
  return problem;
}

const failures = new Map<string, string>();

function run(command: string, args: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8", stdio: ["ignore", "ignore", "pipe"] });
  if (status === 0) return undefined;
  return error?.message ?? lastLine(stderr);
}

/** The last line of what a program wrote, which names the failure. */
export function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)?.slice(0, 300) ?? "";
}
