/**
 * Runs a command with a real S3 server: `node scripts/versitygw.mjs npx vitest run s3`. Builds versitygw once with the system's Go (about 3 minutes; modules,
 * build cache and binary stay in `.cache/versitygw`), starts it on a free loopback port over an empty folder, gives the command its address and keys as
 * HEXZ_TEST_S3_*, and ends with the command's exit code.
 */
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const VERSION = "v1.8.0";
const HOME = resolve(import.meta.dirname, "../.cache/versitygw");
const BINARY = join(HOME, VERSION, "versitygw");
const REGION = "us-east-1";
const START_TRIES = 200;

const [command, ...args] = process.argv.slice(2);
if (command === undefined) throw new Error("usage: node scripts/versitygw.mjs COMMAND [ARGUMENT…]");
build();
process.exitCode = await withServer((env) => run(command, args, env));

function build() {
  if (existsSync(BINARY)) return;
  const env = {
    ...process.env,
    GOPATH: join(HOME, "go"),
    GOCACHE: join(HOME, "build"),
    GOBIN: join(HOME, VERSION),
    GOFLAGS: "-buildvcs=false",
  };
  const module = `github.com/versity/versitygw/cmd/versitygw@${VERSION}`;
  const { status } = spawnSync("go", ["install", module], { env, stdio: "inherit" });
  if (status !== 0) throw new Error(`go install ${module} failed; it needs Go and the Go module proxy`);
}

async function withServer(use) {
  const folder = mkdtempSync(join(tmpdir(), "versitygw-"));
  const [data, versions, iam] = ["data", "versions", "iam"].map((name) => join(folder, name));
  for (const path of [data, versions, iam]) mkdirSync(path);
  const address = `127.0.0.1:${await freePort()}`;
  const keys = { access: "hexzaccess", secret: randomBytes(16).toString("hex") };
  // Without --keep-alive it closes every connection; without --iam-dir an unknown key is 404 instead of 403.
  const flags = ["--port", address, "--access", keys.access, "--secret", keys.secret, "--region", REGION];
  const rest = ["--keep-alive", "--quiet", "--health", "/health", "--iam-dir", iam];
  const server = spawn(BINARY, [...flags, ...rest, "posix", "--versioning-dir", versions, data], { stdio: "inherit" });
  try {
    await untilHealthy(`http://${address}/health`, server);
    return await use({
      HEXZ_TEST_S3_ENDPOINT: `http://${address}`,
      HEXZ_TEST_S3_REGION: REGION,
      HEXZ_TEST_S3_ACCESS_KEY_ID: keys.access,
      HEXZ_TEST_S3_SECRET_ACCESS_KEY: keys.secret,
    });
  } finally {
    server.kill();
    if (server.exitCode === null) await once(server, "exit");
    rmSync(folder, { recursive: true, force: true });
  }
}

async function untilHealthy(url, server) {
  for (let i = 0; i < START_TRIES && server.exitCode === null; i++) {
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return;
    await delay(50);
  }
  throw new Error(`versitygw does not answer at ${url}`);
}

function freePort() {
  return new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

function run(name, rest, env) {
  return new Promise((done, fail) => {
    const child = spawn(name, rest, { env: { ...process.env, ...env }, stdio: "inherit" });
    child.once("error", fail);
    child.once("exit", (code) => done(code ?? 1));
  });
}
