import { createHash } from "node:crypto";
import { openSnapshot } from "../core/snapshot.js";
import { resolveStorageOptions } from "../core/storage/index.js";
import {
  existsError,
  MultipartUpload,
  objectExists,
  openS3Access,
  openS3Object,
  partSize,
  resolveS3Options,
  type S3Access,
  S3Writer,
} from "../core/storage/s3/index.js";
import { HexzError } from "../errors.js";
import { parseDestination } from "../pack/s3-output.js";
import type { CopyJob, CopyResult } from "./copy-target.js";
import { type ByteRange, readAhead } from "./read-ahead.js";

/** Parts read at once, beside those on their way up. */
const AHEAD = 2;

/**
 * Copies by multipart upload. Another run goes on with the upload this one left: a part that is there is kept only where its ETag is the MD5 of the source's bytes, so
 * that parts of something else are never spliced in.
 */
export async function copyToS3(job: CopyJob): Promise<CopyResult> {
  const { destination, overwrite, resume, signal } = job;
  const address = parseDestination(destination);
  const access = await openS3Access(resolveS3Options(), address);
  using writer = await S3Writer.open(address, access);
  if (!overwrite && (await objectExists(writer, signal)) === true) throw existsError(address.name);
  const ranges = [...partRanges(job.source.size)];
  const upload = await openUpload(writer, ranges, job);
  try {
    const resumedBytes = await sendParts(upload, ranges, job);
    const versionId = await upload.complete({ overwrite });
    await verifyCopy(versionId, access, job);
    return { resumedBytes };
  } catch (error) {
    if (resume && !isFinal(error)) await upload.settle();
    else await upload.abort();
    throw error;
  }
}

/** Where the key is taken, or the copy is wrong, another run has nothing to go on with. */
function isFinal(error: unknown): boolean {
  return error instanceof HexzError && (error.code === "E_EXISTS" || error.code === "E_CORRUPT");
}

function* partRanges(size: number): Generator<ByteRange> {
  for (let number = 1, start = 0; start < size; number++) {
    const end = Math.min(size, start + partSize(number));
    yield { start, end };
    start = end;
  }
}

async function openUpload(writer: S3Writer, ranges: readonly ByteRange[], job: CopyJob): Promise<MultipartUpload> {
  const left = await MultipartUpload.resume(writer, job.signal);
  const isOurs = left !== undefined && [...left.parts.keys()].every((number) => number <= ranges.length);
  if (isOurs && job.resume) return left;
  await left?.abort();
  return MultipartUpload.create(writer, job.signal);
}

/** Sends every part that is not there yet; gives the bytes of those that are. */
async function sendParts(upload: MultipartUpload, ranges: readonly ByteRange[], job: CopyJob): Promise<number> {
  const there = new Map(upload.parts);
  let number = 0;
  let resumedBytes = 0;
  for await (const { bytes, end } of readAhead(job.source, ranges, AHEAD, job.signal)) {
    number++;
    const part = there.get(number);
    if (part !== undefined && part.sizeBytes === bytes.length && part.etag === etagOf(bytes))
      resumedBytes += bytes.length;
    else await upload.put(number, bytes);
    job.onBytes(end);
  }
  return resumedBytes;
}

function etagOf(bytes: Uint8Array): string {
  return `"${createHash("md5").update(bytes).digest("hex")}"`;
}

async function verifyCopy(versionId: string | undefined, access: S3Access, job: CopyJob): Promise<void> {
  const { id, verify, signal, destination } = job;
  const source = await openS3Object({ ...parseDestination(destination), versionId }, access, resolveStorageOptions(), {
    signal,
  });
  await using snapshot = await openSnapshot(source, { signal });
  if (snapshot.id !== id) {
    const context = { path: destination, expected: id, actual: snapshot.id };
    throw new HexzError("E_CORRUPT", `${destination} is not the snapshot that was copied; delete it`, { context });
  }
  if (verify) await snapshot.verify({ signal });
}
