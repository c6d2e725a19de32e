import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openSnapshot } from "../../src/core/snapshot.js";

const folder = new URL("./golden/", import.meta.url);
const manifest: Record<string, Record<string, unknown>> = JSON.parse(
  readFileSync(new URL("manifest.json", folder), "utf8"),
);

describe("golden files", () => {
  it("are all in the manifest", () => {
    expect(
      readdirSync(folder)
        .filter((name) => name.endsWith(".hxz"))
        .sort(),
    ).toEqual(Object.keys(manifest).sort());
  });

  it.each(Object.entries(manifest))("%s reads as it was written", async (file, expected) => {
    await using snapshot = await openSnapshot(new URL(file, folder));
    await snapshot.verify({ deep: true });
    const raw = await snapshot.read(0, snapshot.size);
    const { id, kind, size, length: records, header } = snapshot;
    const rawSha256 = createHash("sha256").update(raw).digest("hex");
    expect({ id, kind, size, records, blocks: header.blocks, rawSha256 }).toEqual(expected);
  });
});
