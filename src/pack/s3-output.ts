import { openSnapshot } from "../core/snapshot.js";
import type { RangeSource } from "../core/storage/port.js";
import {
  existsError,
  MultipartUpload,
  objectExists,
  openS3Access,
  openS3Object,
  PartStream,
  parseS3Url,
  resolveS3Options,
  type S3Access,
  type S3Address,
  S3Writer,
} from "../core/storage/s3/index.js";
import { HexzError } from "../errors.js";
import type { Output, OutputSettings, Outputs, PublishRequest } from "./output.js";

/**
 * Snapshots as objects of S3, streamed in parts: memory holds six of them, the disk nothing. The header is in the part that is sent last, and the object
 * appears when the upload is completed. Parts cannot be read before that: so each block is verified as it is encoded, each part by the service against its
 * SHA-256, and the finished object by its header, tail and id.
 */
export function createS3Outputs({ storage }: Pick<OutputSettings, "storage">): Outputs {
  const settings = resolveS3Options(storage.s3);
  let access: Promise<S3Access> | undefined;
  const open = async (destination: string) => {
    const address = parseDestination(destination);
    access ??= openS3Access(settings, address);
    return { address, access: await access, writer: await S3Writer.open(address, await access) };
  };
  return {
    async assertFree(destination, { overwrite, signal }) {
      const { address, writer } = await open(destination);
      using _writer = writer;
      if (!overwrite && (await objectExists(writer, signal)) === true) throw existsError(address.name);
    },
    async create(destination, { signal }) {
      const { address, access, writer } = await open(destination);
      try {
        const upload = await MultipartUpload.create(writer, signal);
        const read = (versionId: string | undefined) =>
          openS3Object({ ...address, versionId }, access, storage, { signal });
        return new S3Output(writer, upload, new PartStream(address.name, upload, settings.partBytes), read);
      } catch (error) {
        writer[Symbol.dispose]();
        throw error;
      }
    },
  };
}

/** @throws TypeError for what names no object to write. */
export function parseDestination(destination: string): S3Address {
  const address = parse(destination);
  if (address.versionId === undefined) return address;
  throw new TypeError("destination must not name a version: writing makes a new one");
}

function parse(destination: string): S3Address {
  if (!URL.canParse(destination)) throw new TypeError("destination is no address like s3://bucket/key");
  try {
    return parseS3Url(new URL(destination));
  } catch (error) {
    throw error instanceof TypeError ? new TypeError(`destination is wrong: ${error.message}`) : error;
  }
}

/** One object being written: owns the upload and the client. */
class S3Output implements Output {
  readonly #writer: S3Writer;
  readonly #upload: MultipartUpload;
  readonly #stream: PartStream;
  readonly #read: (versionId: string | undefined) => Promise<RangeSource>;
  #isPublished = false;

  /** @param read opens what was written. */
  constructor(
    writer: S3Writer,
    upload: MultipartUpload,
    stream: PartStream,
    read: (versionId: string | undefined) => Promise<RangeSource>,
  ) {
    this.#writer = writer;
    this.#upload = upload;
    this.#stream = stream;
    this.#read = read;
  }

  write(bytes: Uint8Array, position: number): Promise<void> {
    return this.#stream.write(bytes, position);
  }

  /** Nothing: what the service acknowledged is durable, and the object is only there when it is complete. */
  async sync(): Promise<void> {}

  async publish({ overwrite, verify, id, signal }: PublishRequest): Promise<void> {
    await this.#stream.end();
    signal?.throwIfAborted();
    const versionId = await this.#upload.complete({ overwrite });
    this.#isPublished = true;
    if (verify) await this.#verify(await this.#read(versionId), id, signal);
  }

  async #verify(source: RangeSource, id: string, signal: AbortSignal | undefined): Promise<void> {
    await using snapshot = await openSnapshot(source, { signal });
    if (snapshot.id === id && source.size === this.#stream.sizeBytes) return;
    const { name } = this.#writer.address;
    const context = { path: name, expected: id, actual: snapshot.id };
    throw new HexzError("E_CORRUPT", `${name} was published, but is not what was written; delete it`, { context });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isPublished) await this.#upload.abort();
    this.#writer[Symbol.dispose]();
  }
}
