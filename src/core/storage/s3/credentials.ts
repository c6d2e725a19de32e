import { HexzError, isHexzError } from "../../../errors.js";
import { wallClockMs } from "../../../platform/clock.js";

/** Keys of AWS or of a compatible service. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** They are renewed five minutes before. */
  readonly expiration?: Date | undefined;
}

/** Gives credentials; asked again for fresh ones when those it gave expire. */
export type CredentialProvider = () => Promise<S3Credentials>;

const RENEW_BEFORE_MS = 5 * 60_000;

/**
 * The credentials in use, and their renewal: asked for once, however many requests wait for it. Holds the only copy, in private fields, so that no
 * inspection of a source shows them.
 */
export class CredentialStore {
  readonly #provider: CredentialProvider;
  readonly #nowMs: () => number;
  #current: S3Credentials | undefined;
  /** When to ask again without having been refused. */
  #renewAtMs = Number.POSITIVE_INFINITY;
  #renewing: Promise<S3Credentials> | undefined;

  constructor(provider: CredentialProvider, nowMs: () => number = wallClockMs) {
    this.#provider = provider;
    this.#nowMs = nowMs;
  }

  /** @throws HexzError `E_ACCESS` where there are none. */
  async get(): Promise<S3Credentials> {
    const current = this.#current;
    if (current === undefined) return await this.#renew();
    if (this.#nowMs() < this.#renewAtMs) return current;
    // They may still be good for some minutes: then a failed renewal does no harm yet.
    return await this.#renew().catch((error: unknown) => {
      if (this.#nowMs() < expiryMs(current)) return current;
      throw error;
    });
  }

  /**
   * Fresh credentials in place of `refused`, which the service called expired. The first to ask starts the renewal, the others get its outcome.
   *
   * @returns undefined where the provider has no others.
   */
  async replace(refused: S3Credentials): Promise<S3Credentials | undefined> {
    const held = this.#current;
    if (held !== undefined && !isSame(held, refused)) return held;
    const fresh = await this.#renew();
    return isSame(fresh, refused) ? undefined : fresh;
  }

  /** `text` without any secret of the credentials in use. */
  redact(text: string): string {
    const { accessKeyId, secretAccessKey, sessionToken } = this.#current ?? {};
    return [secretAccessKey, sessionToken, accessKeyId].reduce<string>(
      (rest, secret) => (secret ? rest.replaceAll(secret, "***") : rest),
      text,
    );
  }

  #renew(): Promise<S3Credentials> {
    this.#renewing ??= this.#ask().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #ask(): Promise<S3Credentials> {
    const fresh = await this.#provider().catch((cause: unknown) => {
      throw isHexzError(cause) ? cause : noCredentials(cause);
    });
    if (!isCredentials(fresh)) throw noCredentials(new TypeError("accessKeyId and secretAccessKey must be texts"));
    this.#current = fresh;
    const earlyMs = expiryMs(fresh) - RENEW_BEFORE_MS;
    // A provider that gives short-lived keys is not asked before each request.
    this.#renewAtMs = earlyMs > this.#nowMs() ? earlyMs : expiryMs(fresh);
    return fresh;
  }
}

/** Credentials in the SDK's type, which wants absent properties absent. */
export function sdkIdentity({ accessKeyId, secretAccessKey, sessionToken, expiration }: S3Credentials) {
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    ...(expiration === undefined ? {} : { expiration }),
  };
}

function expiryMs({ expiration }: S3Credentials): number {
  return expiration === undefined ? Number.POSITIVE_INFINITY : expiration.getTime();
}

function isSame(a: S3Credentials, b: S3Credentials): boolean {
  return (
    a.accessKeyId === b.accessKeyId && a.secretAccessKey === b.secretAccessKey && a.sessionToken === b.sessionToken
  );
}

function isCredentials(value: unknown): value is S3Credentials {
  if (typeof value !== "object" || value === null) return false;
  const has = (name: string) => {
    const text = (value as Readonly<Record<string, unknown>>)[name]; // any object may be asked for a property
    return typeof text === "string" && text !== "";
  };
  return has("accessKeyId") && has("secretAccessKey");
}

function noCredentials(cause: unknown): HexzError {
  const advice =
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE or options.storage.s3.credentials; for public buckets options.storage.s3.anonymous";
  return new HexzError("E_ACCESS", `no credentials for S3 were found; ${advice}`, { cause });
}
