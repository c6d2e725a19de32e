import { createHash } from "node:crypto";
import type { ListPartsCommandOutput } from "@aws-sdk/client-s3";
import { HexzError, isHexzError } from "../../../errors.js";
import type { S3Writer } from "./client.js";
import type { S3Refusal } from "./failure.js";

/** Parts on their way at once. */
const MAX_IN_FLIGHT = 4;

/** A part that is there. */
export interface UploadedPart {
  readonly etag: string;
  readonly sizeBytes: number;
}

/**
 * One multipart upload: parts go up four at a time, and the object appears when all are there, or never. Whoever does not complete it aborts it: parts
 * of an unfinished upload are invisible but cost as much as an object.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
 */
export class MultipartUpload {
  readonly id: string;
  readonly #writer: S3Writer;
  readonly #signal: AbortSignal | undefined;
  readonly #parts: Map<number, UploadedPart>;
  readonly #inFlight = new Set<Promise<void>>();
  /** Ends the parts under way where one has failed. */
  readonly #stop = new AbortController();
  #failure: { readonly error: unknown } | undefined;

  private constructor(writer: S3Writer, id: string, parts: Map<number, UploadedPart>, signal: AbortSignal | undefined) {
    this.#writer = writer;
    this.#parts = parts;
    this.#signal = signal;
    this.id = id;
  }

  /** Begins an upload. @throws HexzError `E_NOT_FOUND` (no such bucket), `E_ACCESS`, `E_IO`. */
  static async create(writer: S3Writer, signal?: AbortSignal): Promise<MultipartUpload> {
    const { bucket: Bucket, key: Key } = writer.address;
    const ContentType = "application/octet-stream";
    const { UploadId } = await writer.call(
      "write",
      ({ client, sdk, options }) =>
        client.send(new sdk.CreateMultipartUploadCommand({ Bucket, Key, ContentType }), options),
      signal,
    );
    if (UploadId === undefined) throw new HexzError("E_IO", `${writer.address.name} got an upload without a name`);
    return new MultipartUpload(writer, UploadId, new Map(), signal);
  }

  /** Goes on with the newest unfinished upload of this very key; undefined where there is none, or it may not be asked for. */
  static async resume(writer: S3Writer, signal?: AbortSignal): Promise<MultipartUpload | undefined> {
    const id = await newestUpload(writer, signal);
    if (id === undefined) return undefined;
    return new MultipartUpload(writer, id, await listParts(writer, id, signal), signal);
  }

  /** Parts that are there, by number from 1. */
  get parts(): ReadonlyMap<number, UploadedPart> {
    return this.#parts;
  }

  /**
   * Sends a part; resolves as soon as it is under way and fewer than four others are. `bytes` are the upload's until it is complete or aborted.
   *
   * @throws the error of any part before.
   */
  async put(number: number, bytes: Uint8Array): Promise<void> {
    while (this.#inFlight.size >= MAX_IN_FLIGHT) await Promise.race(this.#inFlight);
    this.#throwIfFailed();
    const sending: Promise<void> = this.#send(number, bytes)
      .catch((error: unknown) => {
        this.#failure ??= { error };
        this.#stop.abort(error);
      })
      .finally(() => this.#inFlight.delete(sending));
    this.#inFlight.add(sending);
  }

  /**
   * Makes the object of all parts. Without `overwrite` the service does so only where the key is free, which it decides at that moment.
   *
   * @returns the version made, where the bucket keeps versions.
   * @throws HexzError `E_EXISTS`.
   */
  async complete({ overwrite }: { readonly overwrite: boolean }): Promise<string | undefined> {
    await Promise.all(this.#inFlight);
    this.#throwIfFailed();
    const { bucket: Bucket, key: Key, name } = this.#writer.address;
    const Parts = [...this.#parts]
      .sort(([a], [b]) => a - b)
      .map(([PartNumber, { etag: ETag }]) => ({ PartNumber, ETag }));
    const condition = overwrite ? {} : { IfNoneMatch: "*" };
    const input = { Bucket, Key, UploadId: this.id, MultipartUpload: { Parts }, ...condition };
    let refusal: S3Refusal | undefined;
    const completing = this.#writer.call(
      "write",
      ({ client, sdk, options }) => client.send(new sdk.CompleteMultipartUploadCommand(input), options),
      this.#signal,
      (given) => {
        refusal = given;
        return overwrite ? undefined : takenError(given, name);
      },
    );
    const { VersionId } = await completing.catch(async (error: unknown) => {
      const found = refusal !== undefined && refusal.attempts > 1 ? await this.#findOwn() : undefined;
      if (found === undefined) throw error;
      return found;
    });
    return VersionId;
  }

  /** The object as it is, where it is that of this upload: its ETag is made of those of the parts. */
  async #findOwn(): Promise<{ VersionId: string | undefined } | undefined> {
    const found = await headObject(this.#writer, this.#signal).catch(() => undefined);
    const digest = createHash("md5");
    for (const [, { etag }] of [...this.#parts].sort(([a], [b]) => a - b))
      digest.update(etag.replaceAll('"', ""), "hex");
    return found?.ETag === `"${digest.digest("hex")}-${this.#parts.size}"` ? { VersionId: found.VersionId } : undefined;
  }

  /** Ends the parts under way and removes what was uploaded. A failure is told as a warning of the process: something else went wrong before. */
  async abort(): Promise<void> {
    this.#stop.abort(new Error("the upload was aborted"));
    await Promise.all(this.#inFlight);
    const { bucket: Bucket, key: Key, name } = this.#writer.address;
    const input = { Bucket, Key, UploadId: this.id };
    await this.#writer
      .call("abort the upload of", ({ client, sdk }) => client.send(new sdk.AbortMultipartUploadCommand(input)))
      .catch((error: unknown) => {
        if (isHexzError(error, "E_NOT_FOUND")) return;
        const advice = "it costs storage until it is aborted";
        process.emitWarning(
          `the unfinished upload ${this.id} of ${name} could not be removed; ${advice}`,
          "HexzWarning",
        );
      });
  }

  /** Waits for the parts under way, whatever becomes of them, and leaves what was uploaded for another run to go on with. */
  async settle(): Promise<void> {
    await Promise.all(this.#inFlight);
  }

  async #send(PartNumber: number, Body: Uint8Array): Promise<void> {
    const { bucket: Bucket, key: Key, name } = this.#writer.address;
    const input = { Bucket, Key, UploadId: this.id, PartNumber, Body, ContentLength: Body.length };
    const signal = this.#signal === undefined ? this.#stop.signal : AbortSignal.any([this.#stop.signal, this.#signal]);
    const { ETag } = await this.#writer.call(
      "write",
      ({ client, sdk, options }) => client.send(new sdk.UploadPartCommand(input), options),
      signal,
    );
    if (ETag === undefined) throw new HexzError("E_IO", `part ${PartNumber} of ${name} was answered without an ETag`);
    this.#parts.set(PartNumber, { etag: ETag, sizeBytes: Body.length });
  }

  #throwIfFailed(): void {
    this.#signal?.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** Whether an object is there, where one may ask. */
export async function objectExists(writer: S3Writer, signal?: AbortSignal): Promise<boolean | undefined> {
  try {
    await headObject(writer, signal);
    return true;
  } catch (error) {
    if (isHexzError(error) && error.context.status === 404) return false;
    // Who may only write is told "forbidden"; the condition on completing decides then.
    if (isHexzError(error) && error.context.status === 403) return undefined;
    throw error;
  }
}

function headObject(writer: S3Writer, signal: AbortSignal | undefined) {
  const { bucket: Bucket, key: Key } = writer.address;
  return writer.call(
    "look for",
    ({ client, sdk, options }) => client.send(new sdk.HeadObjectCommand({ Bucket, Key }), options),
    signal,
  );
}

export function existsError(name: string): HexzError {
  return new HexzError("E_EXISTS", `${name} exists already; choose another destination or pass overwrite: true`, {
    context: { path: name },
  });
}

/** What a service says where the key is not free. */
function takenError({ status, code }: S3Refusal, name: string): HexzError | undefined {
  if (status === 412) return existsError(name);
  if (status === 409 && code === "ConditionalRequestConflict") {
    return new HexzError("E_EXISTS", `${name} is being written by somebody else at this moment; try again`, {
      context: { path: name },
    });
  }
  if (status !== 501) return undefined;
  const advice = "pass overwrite: true where nobody else writes it";
  return new HexzError("E_FEATURE", `the service cannot write ${name} only where nothing is there; ${advice}`, {
    context: { path: name },
  });
}

/** The newest unfinished upload of exactly this key. Keys are listed in order, so that those of the shortest with the prefix, the key itself, come first. */
async function newestUpload(writer: S3Writer, signal: AbortSignal | undefined): Promise<string | undefined> {
  const { bucket: Bucket, key } = writer.address;
  const listed = await writer
    .call(
      "list the uploads of",
      ({ client, sdk, options }) => client.send(new sdk.ListMultipartUploadsCommand({ Bucket, Prefix: key }), options),
      signal,
    )
    .catch((error: unknown) => {
      if (isHexzError(error, "E_ACCESS") || isHexzError(error, "E_NOT_FOUND")) return undefined;
      throw error;
    });
  const own = (listed?.Uploads ?? []).filter(({ Key }) => Key === key);
  const startMs = (upload: (typeof own)[number]) => upload.Initiated?.getTime() ?? 0;
  return own.sort((a, b) => startMs(b) - startMs(a))[0]?.UploadId;
}

async function listParts(writer: S3Writer, UploadId: string, signal?: AbortSignal): Promise<Map<number, UploadedPart>> {
  const { bucket: Bucket, key: Key } = writer.address;
  const parts = new Map<number, UploadedPart>();
  // Not the SDK's paginator: some services name a next page after the last one too.
  for (let PartNumberMarker: string | undefined = "0"; PartNumberMarker !== undefined; ) {
    const input = { Bucket, Key, UploadId, PartNumberMarker };
    const page: ListPartsCommandOutput = await writer.call(
      "list the parts of",
      ({ client, sdk, options }) => client.send(new sdk.ListPartsCommand(input), options),
      signal,
    );
    for (const { PartNumber: number, ETag: etag, Size: sizeBytes } of page.Parts ?? []) {
      if (number !== undefined && etag !== undefined && sizeBytes !== undefined) parts.set(number, { etag, sizeBytes });
    }
    PartNumberMarker = page.IsTruncated === true ? page.NextPartNumberMarker : undefined;
  }
  return parts;
}
