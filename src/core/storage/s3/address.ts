import { show } from "../../../util/options.js";

/** An object of S3: what `s3://bucket/key?versionId=…` names. */
export interface S3Address {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string | undefined;
  /** How errors call it; no secret can be in it. */
  readonly name: string;
}

/** Where the objects of a service are. */
export interface S3Place {
  readonly endpoint: URL;
  /** The bucket in the path (`host/bucket/key`) rather than in the host name (`bucket.host/key`). */
  readonly forcePathStyle: boolean;
}

/** Letters, digits, dots, hyphens and underscores: nothing that could leave its place in a host name or path. */
const BUCKET_PATTERN = /^[a-z0-9][a-z0-9._-]{1,253}[a-z0-9]$/i;

/**
 * Reads `s3://bucket/key`, with `?versionId=` for a version. Special characters of the key are percent-encoded, as in any URL.
 *
 * @throws TypeError that says what is wrong with it, without showing user names, passwords or queries.
 */
export function parseS3Url(url: URL): S3Address {
  const bucket = url.host;
  if (url.username !== "" || url.password !== "") {
    throw new TypeError("an s3:// address must not hold keys or passwords; give credentials by options or environment");
  }
  if (!BUCKET_PATTERN.test(bucket))
    throw new TypeError(`${show(bucket)} is not the name of a bucket in s3://bucket/key`);
  const key = decodeKey(url.pathname.slice(1));
  if (key === "" || key.endsWith("/") || key.split("/").some((part) => part === "." || part === "..")) {
    throw new TypeError(`s3://${bucket}/${key} names no object; give s3://bucket/key`);
  }
  const [unknown] = [...url.searchParams.keys()].filter((name) => name !== "versionId");
  if (unknown !== undefined || url.hash !== "") {
    throw new TypeError(
      `s3://${bucket}/${key} may be followed by ?versionId= only; write ? as %3F and # as %23 in a key`,
    );
  }
  const versionId = url.searchParams.get("versionId") ?? undefined;
  const name = `s3://${bucket}/${key}${versionId === undefined ? "" : `?versionId=${versionId}`}`;
  return { bucket, key, versionId, name };
}

/** The http address of an object, its key encoded as signatures want it. */
export function objectUrl({ bucket, key, versionId }: S3Address, { endpoint, forcePathStyle }: S3Place): URL {
  const url = new URL(endpoint);
  const base = url.pathname.replace(/\/$/, "");
  const path = key.split("/").map(encodeUnreserved).join("/");
  if (!forcePathStyle) url.host = `${bucket}.${url.host}`;
  url.pathname = forcePathStyle ? `${base}/${bucket}/${path}` : `${base}/${path}`;
  url.search = versionId === undefined ? "" : `?versionId=${encodeUnreserved(versionId)}`;
  return url;
}

function decodeKey(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    throw new TypeError(`${show(path)} is no percent-encoded key; write % as %25`, { cause });
  }
}

/** Percent-encodes all but the unreserved characters of RFC 3986, as the canonical request of a signature does. */
function encodeUnreserved(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
