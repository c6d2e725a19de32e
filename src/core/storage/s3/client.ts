import type { S3Client } from "@aws-sdk/client-s3";
import { HexzError, isHexzError } from "../../../errors.js";
import type { S3Access } from "./access.js";
import type { S3Address } from "./address.js";
import { sdkIdentity } from "./credentials.js";
import { isExpired, type S3Refusal, s3Error } from "./failure.js";
import { loadSdk } from "./packages.js";

type Sdk = typeof import("@aws-sdk/client-s3");

/** What a call works with. */
export interface S3Call {
  readonly client: S3Client;
  readonly sdk: Sdk;
  /** Pass it to `client.send`. */
  readonly options: { readonly abortSignal?: AbortSignal };
}

const MAX_ATTEMPTS = 5;
const CONNECTION_TIMEOUT_MS = 3000;
/** For one request: a part of 64 MiB at 0.5 MB/s and more. */
const REQUEST_TIMEOUT_MS = 120_000;

/**
 * The AWS SDK's client for all that is not reading: it retries, and its failures come out as {@link HexzError} without the request they were about, which
 * holds signatures.
 */
export class S3Writer implements Disposable {
  readonly address: S3Address;
  readonly #access: S3Access;
  readonly #sdk: Sdk;
  readonly #client: S3Client;

  private constructor(address: S3Address, access: S3Access, sdk: Sdk) {
    this.address = address;
    this.#access = access;
    this.#sdk = sdk;
    this.#client = createClient(sdk, access);
  }

  /** @throws HexzError `E_DEPENDENCY`. */
  static async open(address: S3Address, access: S3Access): Promise<S3Writer> {
    return new S3Writer(address, access, await loadSdk());
  }

  /**
   * Runs `use` with the client; once more where the credentials had expired and there are others.
   *
   * @param action what is done, as in "no permission to … s3://bucket/key".
   * @param onRefusal makes an error of a refusal that means something here; undefined leaves it to the usual ones.
   */
  async call<T>(
    action: string,
    use: (call: S3Call) => Promise<T>,
    signal?: AbortSignal,
    onRefusal?: (refusal: S3Refusal) => HexzError | undefined,
  ): Promise<T> {
    signal?.throwIfAborted();
    const options = signal === undefined ? {} : { abortSignal: signal };
    const run = () => use({ client: this.#client, sdk: this.#sdk, options });
    try {
      const used = await this.#access.credentials?.get();
      return await run().catch(async (error: unknown) => {
        const refusal = refusalOf(error);
        if (used === undefined || refusal === undefined || !isExpired(refusal)) throw error;
        if ((await this.#access.credentials?.replace(used)) === undefined) throw error;
        // The client keeps what it was given: it asks the store again.
        await this.#client.config.credentials({ forceRefresh: true });
        return await run();
      });
    } catch (error) {
      signal?.throwIfAborted();
      if (isHexzError(error)) throw error;
      const refusal = refusalOf(error);
      if (refusal === undefined) throw unreachable(error, action, this.address, this.#access);
      throw onRefusal?.(refusal) ?? s3Error(refusal, this.address, this.#access, action);
    }
  }

  [Symbol.dispose](): void {
    this.#client.destroy();
  }
}

function createClient({ S3Client }: Sdk, { region, endpoint, forcePathStyle, credentials }: S3Access): S3Client {
  return new S3Client({
    region,
    endpoint: endpoint.href,
    forcePathStyle,
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
    // The signature covers a SHA-256 of each body; more checksums are refused by many compatible services.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    ...(credentials === undefined
      ? { signer: { sign: async (request) => request }, credentials: { accessKeyId: "", secretAccessKey: "" } }
      : { credentials: async () => sdkIdentity(await credentials.get()) }),
  });
}

/** What an error of the SDK says, if a service answered at all. */
function refusalOf(error: unknown): S3Refusal | undefined {
  if (!(error instanceof Error) || !("$metadata" in error)) return undefined;
  // The shape of every service exception of the SDK; a field that is missing reads as undefined.
  const { $metadata, $response, Region } = error as {
    $metadata: { httpStatusCode?: number; requestId?: string; attempts?: number } | undefined;
    $response?: { headers?: Record<string, string> };
    Region?: string;
  };
  if ($metadata?.httpStatusCode === undefined) return undefined;
  return {
    status: $metadata.httpStatusCode,
    code: error.name === "Error" ? "" : error.name,
    message: error.message,
    region: $response?.headers?.["x-amz-bucket-region"] ?? Region,
    requestId: $metadata.requestId,
    attempts: $metadata.attempts ?? 1,
  };
}

function unreachable(error: unknown, action: string, { name }: S3Address, { endpoint }: S3Access): HexzError {
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  const reason = code ?? (error instanceof Error ? error.name : "unknown");
  const message = `${endpoint.origin} could not be reached to ${action} ${name} (${reason}); check endpoint and network`;
  // A copy: the SDK hangs the request, with its signature, on its errors.
  const cause = new Error(error instanceof Error ? error.message : String(error));
  const kind = code === "ETIMEDOUT" || reason === "TimeoutError" ? "E_TIMEOUT" : "E_NETWORK";
  return new HexzError(kind, message, { context: { source: name, endpoint: endpoint.origin, system: code }, cause });
}
