import { HexzError, type HexzErrorCode } from "../../../errors.js";
import type { S3Access } from "./access.js";
import type { S3Address } from "./address.js";

/** How S3 refused a request. */
export interface S3Refusal {
  readonly status: number;
  /** The word of the error document, or the closest to it where there was none. */
  readonly code: string;
  readonly message: string;
  /** Of the bucket, where the service told. */
  readonly region: string | undefined;
  readonly requestId: string | undefined;
  /** Times the request was sent: where more than once, an earlier one may have done its work unheard. */
  readonly attempts: number;
}

const MAX_DETAIL_CHARACTERS = 300;
const EXPIRED = new Set(["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"]);

/** Whether fresh credentials may help. */
export function isExpired({ code }: S3Refusal): boolean {
  return EXPIRED.has(code);
}

/** Reads an error document of S3; what is none gives a refusal by its status. */
export function parseS3Refusal(
  status: number,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  document: string,
): S3Refusal {
  const element = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(document)?.[1];
  const header = (name: string) => [headers[name]].flat()[0];
  return {
    status,
    code: element("Code") ?? "",
    message: element("Message") ?? "",
    region: header("x-amz-bucket-region") ?? element("Region"),
    requestId: header("x-amz-request-id") ?? element("RequestId"),
    attempts: 1,
  };
}

/** A refusal as an error: what happened, to which object, what to check. No secret is in it. */
export function s3Error(refusal: S3Refusal, address: S3Address, access: S3Access, action: string): HexzError {
  const { status, code, region, requestId } = refusal;
  const [kind, sentence] = explain(refusal, address, access, action);
  const detail = access.credentials?.redact(refusal.message) ?? refusal.message;
  const shown =
    kind === "E_NOT_FOUND" || code === "SignatureDoesNotMatch" ? "" : detail.slice(0, MAX_DETAIL_CHARACTERS);
  const throttled = status === 429 || status === 503 || code === "SlowDown";
  const transient = throttled || status >= 500 || status === 408 || code === "RequestTimeout";
  const context = {
    source: address.name,
    transient,
    throttled,
    endpoint: access.endpoint.origin,
    status,
    reason: code || undefined,
    detail: shown || undefined,
    region,
    requestId,
  };
  return new HexzError(kind, sentence, { context });
}

function explain(
  { status, code, region }: S3Refusal,
  { name, bucket, versionId }: S3Address,
  access: S3Access,
  action: string,
): readonly [HexzErrorCode, string] {
  const at = access.endpoint.origin;
  const answer = code === "" ? `${status}` : `${status} ${code}`;
  if (region !== undefined && region !== access.region && (status === 301 || status === 307 || status === 400)) {
    return [
      "E_ACCESS",
      `${name} is in region ${region}, not in ${access.region}; set AWS_REGION=${region} or options.storage.s3.region`,
    ];
  }
  if (code === "NoSuchBucket")
    return ["E_NOT_FOUND", `bucket ${bucket} does not exist at ${at}; check its name, the endpoint and the region`];
  if (status === 404) {
    const what = versionId === undefined ? "check bucket, key and endpoint" : "check key and versionId";
    return ["E_NOT_FOUND", `${name} does not exist at ${at} (${answer}); ${what}`];
  }
  if (code === "RequestTimeTooSkewed") {
    return [
      "E_ACCESS",
      `${at} refused to ${action} ${name}: the clock of this machine is more than 15 minutes off (${answer}); set it right`,
    ];
  }
  if (code === "SignatureDoesNotMatch") {
    return [
      "E_ACCESS",
      `${at} refused to ${action} ${name}: the secret access key is wrong (${answer}); check the credentials`,
    ];
  }
  if (code === "InvalidAccessKeyId" || code === "InvalidToken") {
    return [
      "E_ACCESS",
      `${at} refused to ${action} ${name}: it does not know these credentials (${answer}); check them`,
    ];
  }
  if (EXPIRED.has(code)) {
    return [
      "E_ACCESS",
      `${at} refused to ${action} ${name}: the credentials have expired and there are no fresh ones (${answer}); sign in again`,
    ];
  }
  if (status === 401 || status === 403) {
    const advice =
      access.credentials === undefined
        ? "it is not public: give credentials"
        : "check the permissions of these credentials";
    return ["E_ACCESS", `${at} gave no permission to ${action} ${name} (${answer}); ${advice}`];
  }
  return ["E_HTTP", `${at} could not ${action} ${name} (${answer}); try again later, or check endpoint and region`];
}
