/**
 * Checks the package as a user gets it: packs it, installs the tarball into an empty project, imports every subpath, type-checks a program against it, and has
 * `attw` and `publint` look at it. Needs a build. Run by `npm run package`; not a vitest file because it installs packages.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const work = mkdtempSync(join(tmpdir(), "hexz-package-"));

/** @param {string} name @param {() => void} check */
function step(name, check) {
  process.stdout.write(`package: ${name}\n`);
  check();
}

/** @param {string} cwd @param {string} file @param {...string} args */
function run(cwd, file, ...args) {
  return execFileSync(file, args, { cwd, stdio: ["ignore", "inherit", "inherit"] });
}

/** @param {string} name */
function bin(name) {
  return join(root, "node_modules/.bin", name);
}

function packTarball() {
  // Without scripts: the build is there, and a rebuild would pull it away under tests that run beside this.
  run(root, "npm", "pack", "--ignore-scripts", "--loglevel=error", "--pack-destination", work);
  const name = readdirSync(work).find((file) => file.endsWith(".tgz"));
  if (name === undefined) throw new Error(`npm pack left no tarball in ${work}`);
  return join(work, name);
}

/** @param {...string} packages */
function npmInstall(...packages) {
  run(work, "npm", "install", "--no-audit", "--no-fund", "--loglevel=error", ...packages);
}

/** @param {string} tarball */
function installInto(tarball) {
  writeFileSync(join(work, "package.json"), JSON.stringify({ name: "empty", private: true, type: "module" }));
  npmInstall(tarball);
}

/** @param {...string} specifiers */
function importAll(...specifiers) {
  const imports = specifiers.map((specifier) => `if (Object.keys(await import("${specifier}")).length === 0) throw 1;`);
  run(work, process.execPath, "--input-type=module", "--eval", imports.join("\n"));
}

/** What S3 needs is not installed, and said by name. */
function nameMissingPeers() {
  const s3 = '{ endpoint: "http://127.0.0.1:1", credentials: { accessKeyId: "id", secretAccessKey: "secret" } }';
  const open = `await openSnapshot("s3://bucket/key", { storage: { s3: ${s3} } }).catch((caught) => caught)`;
  const check = `if (error.code !== "E_DEPENDENCY" || !error.message.includes("npm install @aws-sdk/client-s3")) throw error;`;
  const program = ['import { openSnapshot } from "hexz";', `const error = ${open};`, check];
  run(work, process.execPath, "--input-type=module", "--eval", program.join("\n"));
}

function importArrow() {
  npmInstall("apache-arrow@21");
  importAll("hexz/arrow");
}

function compileProgram() {
  npmInstall("typescript@~5.9", "@types/node@20", "@tensorflow/tfjs-core@4");
  const compilerOptions = {
    target: "ES2022",
    lib: ["ES2023", "ESNext.Disposable", "DOM"],
    module: "NodeNext",
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    // Our own declarations are checked; those of other packages are not ours to judge.
    skipLibCheck: true,
    types: ["node"],
  };
  writeFileSync(join(work, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["program.ts"] }));
  writeFileSync(join(work, "program.ts"), PROGRAM);
  run(work, process.execPath, join(work, "node_modules/typescript/bin/tsc"), "-p", ".");
}

const PROGRAM = `
import { fields, openDataset, pack, type RecordOf } from "hexz";
import { recordBatches } from "hexz/arrow";
import { idx } from "hexz/sources";
import { tfDataset } from "hexz/tfjs";
import * as tf from "@tensorflow/tfjs-core";

const schema = { image: fields.uint8([28, 28, 1]), label: fields.int32(), caption: fields.utf8().nullable() };
type Row = RecordOf<typeof schema>;
const row: Row = { image: new Uint8Array(784), label: 3, caption: null };
// @ts-expect-error a label is a number
const wrong: Row = { ...row, label: "three" };
await pack([row], "a.hxz", { schema });
await using dataset = await openDataset("a.hxz", { schema });
const loader = dataset.loader({ batchSize: 8, shuffle: { seed: 1 } });
for await (const batch of loader.epoch(0)) {
  const image: Uint8Array = batch.columns.image;
  const caption: string | null = batch.columns.caption.at(0);
  console.log(image.length, caption, batch.size);
}
for await (const batch of recordBatches(loader.epoch(1))) console.log(batch.numRows);
await tfDataset(loader, tf, { xs: "image", ys: "label" }).forEachAsync(({ xs, ys }) => console.log(xs.shape, ys.dtype));
console.log(wrong, idx);
`;

try {
  const tarball = packTarball();
  step("types resolve for every subpath", () => run(root, bin("attw"), tarball, "--profile", "esm-only"));
  step("publint", () => run(root, bin("publint"), "--strict", tarball));
  step("installs into an empty project", () => installInto(tarball));
  step("imports without any optional peer", () => importAll("hexz", "hexz/sources", "hexz/tfjs"));
  step("names the packages that S3 needs", nameMissingPeers);
  step("the command runs", () => run(work, join(work, "node_modules/.bin/hexz"), "--version"));
  step("imports hexz/arrow beside its peer", importArrow);
  step("a typed program compiles against it", compileProgram);
} finally {
  rmSync(work, { recursive: true, force: true });
}
