import { HexzError, isHexzError } from "../../../errors.js";
import { assertRange } from "../check-range.js";
import { type ObjectVersion, validatorOf } from "../http-answer.js";
import { type RangeAnswer, type RangeRequest, readHttpRange, type SignRequest } from "../http-range.js";
import { type HttpReply, type HttpTransport, openTransport } from "../http-transport.js";
import type { RangeSource, ReadOptions } from "../port.js";
import type { S3Access } from "./access.js";
import { objectUrl, type S3Address } from "./address.js";
import { isExpired, parseS3Refusal, s3Error } from "./failure.js";
import { openSigner } from "./signer.js";

/** Bytes asked for when an object is opened: they hold the header of a snapshot, and often all of a small one. */
const FIRST_BYTES = 64 * 1024;

/**
 * Opens an object of S3 with one request, which also brings its first bytes. Everything read later is of the same version, or `E_SOURCE_CHANGED`.
 *
 * @throws HexzError `E_NOT_FOUND`, `E_ACCESS`, `E_NETWORK`, `E_TIMEOUT`, `E_HTTP`, `E_RANGE`, `E_DEPENDENCY`.
 */
export async function openS3Object(
  address: S3Address,
  access: S3Access,
  { signal }: ReadOptions = {},
): Promise<RangeSource> {
  const shared = await openRequests(address, access);
  // The endpoint was named by whoever opens the object, not by data: it may be a machine of theirs.
  const transport = await openTransport({ allowPrivate: true });
  try {
    const first = new Uint8Array(FIRST_BYTES);
    const asked = { ...shared, offset: 0, target: first, signal };
    const answer = await readHttpRange(transport, asked).catch((error: unknown) => emptyAnswer(error, shared.url));
    const request = { ...shared, version: answer.version, location: answer.location };
    return new S3Object(transport, request, first.slice(0, answer.filledBytes));
  } catch (error) {
    await transport.close();
    throw error;
  }
}

/** Where the first byte is out of range there is none; not every service says so in the header that HTTP has for it. */
function emptyAnswer(error: unknown, location: URL): RangeAnswer {
  if (!isHexzError(error, "E_HTTP") || error.context.status !== 416) throw error;
  return { version: { sizeBytes: 0, etag: undefined, lastModified: undefined }, filledBytes: 0, location };
}

type SharedRequest = Pick<RangeRequest, "name" | "url" | "sign" | "explain">;

async function openRequests(address: S3Address, access: S3Access): Promise<SharedRequest> {
  const refusalOf = ({ status, headers, text }: HttpReply) => parseS3Refusal(status, headers, text);
  const shared = {
    name: address.name,
    url: objectUrl(address, access),
    // An overloaded server's words on when to come back are the same for all of HTTP.
    explain: (reply: HttpReply) =>
      reply.status === 429 || reply.status >= 500 ? undefined : s3Error(refusalOf(reply), address, access, "read"),
  };
  const { credentials } = access;
  if (credentials === undefined) return shared;
  const signHeaders = await openSigner(access.region);
  const sign: SignRequest = async ({ method, url, headers }) => {
    const used = await credentials.get();
    return {
      headers: await signHeaders({ method, url, headers }, used),
      renew: async (reply) => isExpired(refusalOf(reply)) && (await credentials.replace(used)) !== undefined,
    };
  };
  return { ...shared, sign };
}

class S3Object implements RangeSource {
  readonly name: string;
  readonly size: number;
  readonly identity: string;
  readonly #transport: HttpTransport;
  readonly #request: SharedRequest & { readonly version: ObjectVersion };
  readonly #first: Uint8Array;
  readonly #reading = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(
    transport: HttpTransport,
    request: SharedRequest & { readonly version: ObjectVersion },
    first: Uint8Array,
  ) {
    this.name = request.name;
    this.size = request.version.sizeBytes;
    this.identity = `${request.url.origin}${request.url.pathname}:${validatorOf(request.version)}:${this.size}`;
    this.#transport = transport;
    this.#request = request;
    this.#first = first;
  }

  async readInto(offset: number, target: Uint8Array, { signal }: ReadOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    this.#assertOpen();
    assertRange(this.name, offset, target.length, this.size);
    if (target.length === 0) return;
    const end = offset + target.length;
    if (end <= this.#first.length) return target.set(this.#first.subarray(offset, end));
    const reading = readHttpRange(this.#transport, { ...this.#request, offset, target, signal });
    this.#reading.add(reading);
    try {
      await reading;
    } finally {
      this.#reading.delete(reading);
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #finish(): Promise<void> {
    await Promise.allSettled(this.#reading);
    await this.#transport.close();
  }

  #assertOpen(): void {
    if (this.#closing === undefined) return;
    throw new HexzError("E_CLOSED", `${this.name} is closed`, { context: { source: this.name } });
  }
}
