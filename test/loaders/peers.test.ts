import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";

const room = path.join(import.meta.dirname, "../../loaders");

/** Package names imported by the files of a folder. */
function packagesOf(folder: string): Set<string> {
  const files = readdirSync(path.join(room, folder)).map((name) => readFileSync(path.join(room, folder, name), "utf8"));
  return new Set(files.flatMap((text) => Array.from(text.matchAll(/from "([^."][^"]*)"/g), (match) => match[1] ?? "")));
}

describe("the loaders' peers", () => {
  it("are apache-arrow for arrow and nothing for tfjs, whose namespace is handed in", () => {
    expect(packagesOf("arrow")).toEqual(new Set(["apache-arrow"]));
    expect(packagesOf("tfjs")).toEqual(new Set());
  });
});
