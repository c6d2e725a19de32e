import { createHash, createHmac } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** A refusal as S3 words it. */
export class S3Failure extends Error {
  readonly status: number;
  readonly code: string;
  /** Elements of the error document beside code and message. */
  readonly details: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, details: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

/** A secret the server knows, by its access key id. */
export interface S3Key {
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly isExpired?: boolean | undefined;
}

/** What is signed of a request. */
export interface SignedRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

export interface SignatureRules {
  readonly keys: ReadonlyMap<string, S3Key>;
  readonly region: string;
  readonly nowMs: number;
}

/** The parts of a signature, from the `Authorization` header or from the query of a presigned URL. */
interface Claim {
  readonly accessKeyId: string;
  readonly scope: readonly string[];
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly dateText: string;
  readonly payloadHash: string;
  readonly sessionToken: string | undefined;
  /** Of a presigned URL. */
  readonly expiresSeconds: number | undefined;
}

const MAX_SKEW_MS = 15 * 60_000;
const UNSIGNED = "UNSIGNED-PAYLOAD";

/**
 * Checks AWS Signature Version 4 as S3 does: key, token, scope, clock, payload hash and signature. It shares no code with the signer under test.
 *
 * @returns the access key id, or undefined for a request without a signature.
 * @throws S3Failure with the code S3 gives.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 */
export function verifySignature(request: SignedRequest, { keys, region, nowMs }: SignatureRules): string | undefined {
  const claim = claimOf(request);
  if (claim === undefined) return undefined;
  const key = keys.get(claim.accessKeyId);
  if (key === undefined) throw new S3Failure(403, "InvalidAccessKeyId", "The access key id does not exist.");
  if (key.isExpired === true) throw new S3Failure(400, "ExpiredToken", "The provided token has expired.");
  if (key.sessionToken !== claim.sessionToken) throw new S3Failure(400, "InvalidToken", "The token is malformed.");
  checkScope(claim, region);
  checkClock(claim, nowMs);
  checkSignedHeaders(request, claim);
  checkPayload(request.body, claim.payloadHash);
  if (signatureOf(request, claim, key.secretAccessKey) === claim.signature) return claim.accessKeyId;
  throw new S3Failure(403, "SignatureDoesNotMatch", "The signature does not match the one calculated.", {
    AWSAccessKeyId: claim.accessKeyId,
    SignatureProvided: claim.signature,
  });
}

function claimOf({ url, headers }: SignedRequest): Claim | undefined {
  const query = url.searchParams;
  if (query.has("X-Amz-Signature")) {
    const [accessKeyId = "", ...scope] = (query.get("X-Amz-Credential") ?? "").split("/");
    return {
      accessKeyId,
      scope,
      signedHeaders: (query.get("X-Amz-SignedHeaders") ?? "").split(";"),
      signature: query.get("X-Amz-Signature") ?? "",
      dateText: query.get("X-Amz-Date") ?? "",
      payloadHash: UNSIGNED,
      sessionToken: query.get("X-Amz-Security-Token") ?? undefined,
      expiresSeconds: Number(query.get("X-Amz-Expires")),
    };
  }
  const { authorization } = headers;
  if (authorization === undefined) return undefined;
  const match = /^AWS4-HMAC-SHA256 Credential=([^,]+), *SignedHeaders=([^,]+), *Signature=([0-9a-f]{64})$/.exec(
    authorization,
  );
  if (match === null) throw new S3Failure(400, "AuthorizationHeaderMalformed", "The authorization is malformed.");
  const [accessKeyId = "", ...scope] = (match[1] ?? "").split("/");
  return {
    accessKeyId,
    scope,
    signedHeaders: (match[2] ?? "").split(";"),
    signature: match[3] ?? "",
    dateText: headerText(headers, "x-amz-date"),
    payloadHash: headerText(headers, "x-amz-content-sha256"),
    sessionToken:
      headers["x-amz-security-token"] === undefined ? undefined : headerText(headers, "x-amz-security-token"),
    expiresSeconds: undefined,
  };
}

function checkScope({ scope, dateText }: Claim, region: string): void {
  const [day, claimed, service, end] = scope;
  if (claimed !== region) {
    const message = `The authorization header is malformed; the region '${claimed}' is wrong; expecting '${region}'`;
    throw new S3Failure(400, "AuthorizationHeaderMalformed", message, { Region: region });
  }
  if (service === "s3" && end === "aws4_request" && dateText.startsWith(`${day}T`)) return;
  throw new S3Failure(400, "AuthorizationHeaderMalformed", "The credential scope is malformed.");
}

function checkClock({ dateText, expiresSeconds }: Claim, nowMs: number): void {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(dateText);
  if (match === null) throw new S3Failure(403, "AccessDenied", "A valid date is required.");
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const signedMs = Date.UTC(year, month - 1, day, hour, minute, second);
  if (expiresSeconds !== undefined && nowMs > signedMs + expiresSeconds * 1000) {
    throw new S3Failure(403, "AccessDenied", "Request has expired");
  }
  const isSkewed =
    expiresSeconds === undefined ? Math.abs(nowMs - signedMs) > MAX_SKEW_MS : signedMs > nowMs + MAX_SKEW_MS;
  if (isSkewed) throw new S3Failure(403, "RequestTimeTooSkewed", "The difference of the clocks is too large.");
}

/** Host and every `x-amz-*` header must be signed. */
function checkSignedHeaders({ headers }: SignedRequest, { signedHeaders }: Claim): void {
  const required = ["host", ...Object.keys(headers).filter((name) => name.startsWith("x-amz-"))];
  const missing = required.find((name) => !signedHeaders.includes(name));
  if (missing !== undefined) throw new S3Failure(403, "AccessDenied", `The header ${missing} is not signed.`);
}

function checkPayload(body: Uint8Array, payloadHash: string): void {
  if (payloadHash === UNSIGNED) return;
  if (!/^[0-9a-f]{64}$/.test(payloadHash))
    throw new S3Failure(501, "NotImplemented", `x-amz-content-sha256: ${payloadHash}`);
  if (sha256(body) === payloadHash) return;
  throw new S3Failure(400, "XAmzContentSHA256Mismatch", "The provided x-amz-content-sha256 does not match the body.");
}

function signatureOf({ method, url, headers }: SignedRequest, claim: Claim, secret: string): string {
  const canonical = [
    method,
    encodePath(url.pathname),
    canonicalQuery(url.searchParams),
    ...claim.signedHeaders.map((name) => `${name}:${headerText(headers, name).trim().replace(/ +/g, " ")}`),
    "",
    claim.signedHeaders.join(";"),
    claim.payloadHash,
  ].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", claim.dateText, claim.scope.join("/"), sha256(canonical)].join("\n");
  let key: string | Buffer = `AWS4${secret}`;
  for (const part of claim.scope) key = hmac(key, part);
  return hmac(key, toSign).toString("hex");
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join("&");
}

function encodePath(path: string): string {
  return path
    .split("/")
    .map((part) => encode(decodeURIComponent(part)))
    .join("/");
}

/** Percent-encodes all but the unreserved characters of RFC 3986. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function headerText(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return Array.isArray(value) ? value.join(",") : (value ?? "");
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac("sha256", key).update(data).digest();
}
