import { blake3 } from "../core/codec/index.js";
import { openSnapshot } from "../core/snapshot.js";
import { HexzError } from "../errors.js";
import { nodeFileSystem } from "../pack/file-system.js";
import { AtomicFile, assertDestination } from "../pack/publish.js";
import type { CopyJob, CopyResult } from "./copy-target.js";
import { type ByteRange, readAhead } from "./read-ahead.js";

const CHUNK_BYTES = 8 * 2 ** 20;
/** Chunks read at once. */
const AHEAD = 4;

/**
 * Copies into a file beside the destination, front to back, and publishes it when every byte is verified. The file's name holds a hash of the source's identity (size,
 * ETag): a source that changed starts anew, and what is there is never spliced with it.
 */
export async function copyToFile(job: CopyJob): Promise<CopyResult> {
  const { source, destination, overwrite, resume, signal } = job;
  await assertDestination(destination, { overwrite }, nodeFileSystem);
  const { file, doneBytes } = await openPartial(job);
  await using output = file;
  if (!resume) output.discard();
  job.onBytes(doneBytes);
  for await (const { bytes, start, end } of readAhead(source, chunksFrom(doneBytes, source.size), AHEAD, signal)) {
    await output.write(bytes, start);
    job.onBytes(end);
  }
  // It is what it should be or worth nothing: another run must not go on with it.
  await verifyCopy(output.temporaryPath, job).catch((error: unknown) => {
    if (!signal.aborted) output.discard();
    throw error;
  });
  await output.publish({ overwrite });
  return { resumedBytes: doneBytes };
}

async function openPartial({ source, destination, resume }: CopyJob) {
  const key = Buffer.from(blake3(Buffer.from(source.identity)).subarray(0, 8)).toString("hex");
  const partial = await AtomicFile.resume(destination, key, source.size, nodeFileSystem);
  if (resume || partial.doneBytes === 0) return partial;
  partial.file.discard();
  await partial.file[Symbol.asyncDispose]();
  return AtomicFile.resume(destination, key, source.size, nodeFileSystem);
}

function* chunksFrom(start: number, size: number): Generator<ByteRange> {
  for (let at = start; at < size; at += CHUNK_BYTES) yield { start: at, end: Math.min(size, at + CHUNK_BYTES) };
}

async function verifyCopy(path: string, { id, verify, signal, destination }: CopyJob): Promise<void> {
  await using snapshot = await openSnapshot(path, { signal });
  if (snapshot.id !== id) {
    const context = { path: destination, expected: id, actual: snapshot.id };
    throw new HexzError("E_CORRUPT", `${destination} would not be the snapshot that was copied; copy again`, {
      context,
    });
  }
  if (verify) await snapshot.verify({ signal });
}
