import { createHash } from "node:crypto";
import { S3Failure } from "./s3-signature.js";

/** All parts but the last have at least so many bytes. */
const MIN_PART_BYTES = 5 * 2 ** 20;

/** One version of an object. */
export interface StoredObject {
  readonly bytes: Uint8Array;
  readonly etag: string;
  readonly versionId: string;
  readonly modifiedMs: number;
}

interface Part {
  readonly bytes: Uint8Array;
  readonly etag: string;
}

/** A multipart upload that is neither completed nor aborted. */
export interface Upload {
  readonly id: string;
  readonly key: string;
  readonly parts: Map<number, Part>;
}

/** What a write demands of what is there. */
export interface WriteCondition {
  readonly ifNoneMatch: string | undefined;
  readonly ifMatch: string | undefined;
}

/** A bucket in memory. */
export class S3Bucket {
  readonly uploads = new Map<string, Upload>();
  isVersioned = false;
  /** Whether anybody may read objects. */
  isPublic = false;
  /** Versions by key, newest last; undefined is a delete marker. */
  readonly #versions = new Map<string, (StoredObject | undefined)[]>();
  #serial = 0;

  keys(): string[] {
    return [...this.#versions.keys()].filter((key) => this.newest(key) !== undefined).sort();
  }

  newest(key: string): StoredObject | undefined {
    return this.#versions.get(key)?.at(-1);
  }

  /** @throws S3Failure `NoSuchKey`, `NoSuchVersion`. */
  object(key: string, versionId: string | undefined): StoredObject {
    const found =
      versionId === undefined
        ? this.newest(key)
        : this.#versions.get(key)?.find((version) => version?.versionId === versionId);
    if (found !== undefined) return found;
    if (versionId === undefined) throw new S3Failure(404, "NoSuchKey", "The specified key does not exist.");
    throw new S3Failure(404, "NoSuchVersion", "The specified version does not exist.");
  }

  put(key: string, bytes: Uint8Array, condition: WriteCondition, modifiedMs: number, etag = md5(bytes)): StoredObject {
    this.#assertCondition(key, condition);
    const object = { bytes, etag, modifiedMs, versionId: this.isVersioned ? `v${++this.#serial}` : "null" };
    const older = this.isVersioned ? (this.#versions.get(key) ?? []) : [];
    this.#versions.set(key, [...older, object]);
    return object;
  }

  delete(key: string): void {
    if (this.isVersioned) this.#versions.set(key, [...(this.#versions.get(key) ?? []), undefined]);
    else this.#versions.delete(key);
  }

  createUpload(key: string): Upload {
    const upload = { id: `upload-${++this.#serial}`, key, parts: new Map<number, Part>() };
    this.uploads.set(upload.id, upload);
    return upload;
  }

  /** @throws S3Failure `NoSuchUpload`. */
  upload(id: string, key: string): Upload {
    const upload = this.uploads.get(id);
    if (upload?.key === key) return upload;
    throw new S3Failure(404, "NoSuchUpload", "The specified upload does not exist.");
  }

  putPart(upload: Upload, number: number, bytes: Uint8Array): Part {
    if (!(number >= 1 && number <= 10_000))
      throw new S3Failure(400, "InvalidArgument", "Part number must be 1 to 10000");
    const part = { bytes, etag: md5(bytes) };
    upload.parts.set(number, part);
    return part;
  }

  /** Makes the object of the named parts and forgets the upload. */
  complete(
    upload: Upload,
    named: readonly { number: number; etag: string }[],
    condition: WriteCondition,
    modifiedMs: number,
  ): StoredObject {
    const parts = named.map(({ number, etag }, i) => {
      const part = upload.parts.get(number);
      if (part?.etag !== etag) throw new S3Failure(400, "InvalidPart", `Part ${number} could not be found.`);
      if (number <= (named[i - 1]?.number ?? 0))
        throw new S3Failure(400, "InvalidPartOrder", "Parts must be in order.");
      const isLast = i === named.length - 1;
      if (!isLast && part.bytes.length < MIN_PART_BYTES)
        throw new S3Failure(400, "EntityTooSmall", "A part is too small.");
      return part;
    });
    if (parts.length === 0) throw new S3Failure(400, "MalformedXML", "There must be a part.");
    const digests = Buffer.concat(parts.map((part) => Buffer.from(part.etag.slice(1, -1), "hex")));
    const etag = `${md5(digests).slice(0, -1)}-${parts.length}"`;
    const object = this.put(upload.key, Buffer.concat(parts.map((part) => part.bytes)), condition, modifiedMs, etag);
    this.uploads.delete(upload.id);
    return object;
  }

  #assertCondition(key: string, { ifNoneMatch, ifMatch }: WriteCondition): void {
    const current = this.newest(key);
    const isTaken = ifNoneMatch === "*" && current !== undefined;
    const isOther = ifMatch !== undefined && current?.etag !== ifMatch;
    if (isTaken || isOther) throw preconditionFailed();
  }
}

export function preconditionFailed(): S3Failure {
  return new S3Failure(412, "PreconditionFailed", "At least one of the preconditions did not hold.");
}

/** The quoted MD5 of bytes: the ETag of an object put in one piece. */
function md5(bytes: Uint8Array): string {
  return `"${createHash("md5").update(bytes).digest("hex")}"`;
}
