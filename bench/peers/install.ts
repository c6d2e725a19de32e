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
export type Installed =
  | {
      readonly command: readonly string[];
      /** Changes when the program or its pinned packages do: files converted by another one are not read. */
      readonly fingerprint: string;
    }
  | { readonly problem: string };

export function installEntry({ program, environment }: Entry): Installed {
  if (environment === undefined) {
    const problem = program === "hexz.js" ? undefined : installNode();
    const path = join(CACHE, "..", "..", "dist", "bench", "peers", "node", program);
    return problem === undefined ? installed(process.execPath, path, [NODE_PACKAGES]) : { problem };
  }
  const { directory, files } = ENVIRONMENTS[environment];
  const venv = join(CACHE, "venvs", directory);
  const problem = files.map((file) => installRequirements(venv, file)).find((found) => found !== undefined);
  const path = join(SOURCES, "python", program);
  return problem === undefined
    ? installed(join(venv, "bin", "python"), path, files.map(requirementsPath))
    : { problem };
}

function installed(interpreter: string, program: string, packages: readonly string[]): Installed {
  const hash = createHash("sha256");
  for (const path of [program, ...packages]) hash.update(readFileSync(path));
  return { command: [interpreter, program], fingerprint: hash.digest("hex").slice(0, 8) };
}

const NODE_PACKAGES = join(SOURCES, "node", "packages.json");

function requirementsPath(file: string): string {
  return join(SOURCES, "python", `requirements-${file}.txt`);
}

function installNode(): string | undefined {
  const directory = join(CACHE, "node");
  return once(directory, "packages", readFileSync(NODE_PACKAGES), () => {
    copyFileSync(NODE_PACKAGES, join(directory, "package.json"));
    return run("npm", ["install", "--no-audit", "--no-fund", "--prefix", directory]);
  });
}

function installRequirements(venv: string, file: string): string | undefined {
  const requirements = requirementsPath(file);
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
