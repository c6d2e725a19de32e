import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** A folder that is there until the test file ends. */
export async function tempDir(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hexz-test-"));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
