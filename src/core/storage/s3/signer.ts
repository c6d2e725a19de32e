import { createHash, createHmac } from "node:crypto";
import type { SignatureV4 } from "@smithy/signature-v4";
import { wallClockMs } from "../../../platform/clock.js";
import { type S3Credentials, sdkIdentity } from "./credentials.js";
import { loadSigning } from "./packages.js";

/** A request to sign. Its headers must be those that are sent, in lower case. */
export interface Signable {
  readonly method: "GET" | "HEAD";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

/** Gives the headers of a request with its signature among them, but not `host`, which is signed and sent by whoever connects. */
export type Signer = (request: Signable, credentials: S3Credentials) => Promise<Record<string, string>>;

/** The signer's hash over Node's, which is faster than one in JavaScript. */
export class Sha256 {
  readonly #hash: { update(data: Uint8Array | string): unknown; digest(): Buffer };

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", keyOf(secret));
  }

  update(data: Uint8Array | string): void {
    this.#hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

function keyOf(secret: string | ArrayBuffer | ArrayBufferView): string | Uint8Array {
  if (typeof secret === "string") return secret;
  return ArrayBuffer.isView(secret)
    ? new Uint8Array(secret.buffer, secret.byteOffset, secret.byteLength)
    : new Uint8Array(secret);
}

/**
 * A signer of requests without a body by AWS Signature Version 4, for any service that speaks S3. It takes some 80 µs, an eighth of what the whole SDK
 * takes for a request.
 *
 * @throws HexzError `E_DEPENDENCY`.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export async function openSigner(region: string): Promise<Signer> {
  const { SignatureV4 } = await loadSigning();
  // One for each set of keys, so that its cache of derived keys is used; forgotten with the keys.
  const signers = new WeakMap<S3Credentials, SignatureV4>();
  const signerOf = (credentials: S3Credentials): SignatureV4 => {
    const known = signers.get(credentials);
    if (known !== undefined) return known;
    // Without the expiry: the store watches it.
    const keys = sdkIdentity({ ...credentials, expiration: undefined });
    const signer = new SignatureV4({
      service: "s3",
      region,
      credentials: keys,
      sha256: Sha256,
      uriEscapePath: false,
    });
    signers.set(credentials, signer);
    return signer;
  };
  return async ({ method, url, headers }, credentials) => {
    const request = {
      method,
      protocol: url.protocol,
      hostname: url.hostname,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: { ...headers, host: url.host },
    };
    const signed = await signerOf(credentials).sign(request, { signingDate: new Date(wallClockMs()) });
    const { host: _host, ...rest } = signed.headers;
    return rest;
  };
}
