import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Packages under `node_modules` whose files were loaded by importing `specifier` in a fresh process. */
function packagesLoadedBy(specifier: string): string[] {
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", PROBE, specifier], {
    cwd: root,
    encoding: "utf8",
  });
  return JSON.parse(output);
}

/** Hooks see every module that is imported; CommonJS modules are asked of their cache. */
const PROBE = `
  import { createRequire, register } from "node:module";
  import { MessageChannel } from "node:worker_threads";
  const { port1, port2 } = new MessageChannel();
  const urls = [];
  const hooks = "let port; export const initialize = (data) => { port = data.port; };" +
    "export const load = (url, context, next) => { port.postMessage(url); return next(url, context); };";
  register("data:text/javascript," + encodeURIComponent(hooks), { data: { port: port2 }, transferList: [port2] });
  port1.on("message", (url) => urls.push(url));
  port1.unref();
  await import(process.argv[1]);
  await new Promise((resolve) => setImmediate(resolve));
  const required = Object.keys(createRequire(import.meta.url)("node:module")._cache);
  const names = [...urls, ...required].map((path) => /node_modules\\/((?:@[^/]+\\/)?[^/]+)\\//.exec(path)?.[1]);
  process.stdout.write(JSON.stringify([...new Set(names)].filter(Boolean).sort()));
  process.exit();
`;

const OPTIONAL = /^(@tensorflow|apache-arrow|@aws-sdk|@smithy|sharp|@img|commander)/;

it.each(["hexz", "hexz/sources", "hexz/tfjs"])("%s loads no optional package", (specifier) => {
  expect(packagesLoadedBy(specifier).filter((name) => OPTIONAL.test(name))).toEqual([]);
});

it("hexz loads the HTTP client only when an address is opened", () => {
  expect(packagesLoadedBy("hexz")).not.toContain("undici");
});

it("hexz/arrow loads Arrow and nothing else that is optional", () => {
  expect(packagesLoadedBy("hexz/arrow").filter((name) => OPTIONAL.test(name))).toEqual(["apache-arrow"]);
});

it("the probe sees what hexz does load", () => {
  expect(packagesLoadedBy("hexz")).toEqual(expect.arrayContaining(["lru-cache", "piscina"]));
});
