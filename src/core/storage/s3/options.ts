import { parseByteSize } from "../../../util/byte-size.js";
import { assertBoolean, assertInteger, assertKnownKeys, assertString, show } from "../../../util/options.js";
import type { CredentialProvider, S3Credentials } from "./credentials.js";

/** How S3 is reached. Whatever is left out comes from the standard `AWS_*` environment, else from the AWS SDK's default chain. */
export interface S3Options {
  /** Address of an S3-compatible service. @default AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, else AWS of the region */
  readonly endpoint?: string | undefined;
  /** @default AWS_REGION, AWS_DEFAULT_REGION, the SDK's configuration, else "us-east-1" */
  readonly region?: string | undefined;
  /** Bucket in the path instead of the host name. @default true with an `endpoint` of your own or a dot in the bucket's name */
  readonly forcePathStyle?: boolean | undefined;
  /** Keys, or a function that gives fresh ones; it is asked again when they expire. @default AWS_ACCESS_KEY_ID …, else the SDK's default chain */
  readonly credentials?: S3Credentials | CredentialProvider | undefined;
  /** Sign nothing: for public buckets. @default false, or true where HEXZ_S3_ANONYMOUS is 1 */
  readonly anonymous?: boolean | undefined;
  /**
   * Bytes of each part written, or a text like "16 MiB", from 5 MiB to 1 GiB; some services want all parts of one size. Six parts are held in memory.
   * @default 8 MiB, growing to 64 MiB with the object
   */
  readonly partBytes?: number | string | undefined;
}

/** S3 options with the environment read, and what it did not say left undefined. */
export interface S3Settings {
  readonly endpoint: URL | undefined;
  readonly region: string | undefined;
  readonly forcePathStyle: boolean | undefined;
  readonly credentials: CredentialProvider | undefined;
  readonly isAnonymous: boolean;
  readonly partBytes: number | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Of S3, for all parts but the last. */
const MIN_PART_BYTES = 5 * 2 ** 20;
const MAX_PART_BYTES = 2 ** 30;
const NAMES = ["endpoint", "region", "forcePathStyle", "credentials", "anonymous", "partBytes"];

/**
 * Checks S3 options, whether or not anything of S3 is opened, and gives them back.
 *
 * @throws TypeError, RangeError naming the option; never a secret.
 */
export function assertS3Options(options: S3Options): S3Options {
  assertKnownKeys("options.storage.s3", options, NAMES);
  const { endpoint, region, forcePathStyle, credentials, anonymous } = options;
  parseEndpoint(endpoint, "options.storage.s3.endpoint");
  parsePartBytes(options.partBytes);
  if (region !== undefined) assertString("options.storage.s3.region", region);
  if (forcePathStyle !== undefined) assertBoolean("options.storage.s3.forcePathStyle", forcePathStyle);
  if (anonymous !== undefined) assertBoolean("options.storage.s3.anonymous", anonymous);
  if (anonymous === true && credentials !== undefined) {
    throw new TypeError("options.storage.s3.credentials and options.storage.s3.anonymous exclude each other");
  }
  const isKeys = typeof credentials === "object" && credentials !== null;
  if (credentials !== undefined && typeof credentials !== "function" && !isKeys) {
    throw new TypeError(`options.storage.s3.credentials must be keys or a function, got ${show(typeof credentials)}`);
  }
  return options;
}

/** Checks S3 options and fills in the environment. Nothing is asked of the network yet. */
export function resolveS3Options(options: S3Options = {}, environment: Environment = process.env): S3Settings {
  const { endpoint, region, forcePathStyle, credentials, anonymous, partBytes } = assertS3Options(options);
  const isAnonymous = anonymous ?? (credentials === undefined && environment.HEXZ_S3_ANONYMOUS === "1");
  return {
    endpoint: parseEndpoint(endpoint, "options.storage.s3.endpoint") ?? environmentEndpoint(environment),
    region: region ?? (environment.AWS_REGION || environment.AWS_DEFAULT_REGION || undefined),
    forcePathStyle,
    credentials: isAnonymous ? undefined : givenCredentials(credentials, environment),
    isAnonymous,
    partBytes: parsePartBytes(partBytes),
  };
}

function parsePartBytes(given: number | string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const bytes = parseByteSize(given, "options.storage.s3.partBytes");
  assertInteger("options.storage.s3.partBytes", bytes, MIN_PART_BYTES, MAX_PART_BYTES);
  return bytes;
}

function environmentEndpoint(environment: Environment): URL | undefined {
  const name = environment.AWS_ENDPOINT_URL_S3 ? "AWS_ENDPOINT_URL_S3" : "AWS_ENDPOINT_URL";
  return parseEndpoint(environment[name] || undefined, name);
}

function parseEndpoint(text: string | undefined, name: string): URL | undefined {
  if (text === undefined) return undefined;
  assertString(name, text);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain =
    url !== undefined && url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (isPlain && (url.protocol === "http:" || url.protocol === "https:")) return url;
  // What was given is not shown: it may hold a password.
  throw new TypeError(`${name} must be an http or https address without user, query or fragment`);
}

function givenCredentials(
  given: S3Credentials | CredentialProvider | undefined,
  environment: Environment,
): CredentialProvider | undefined {
  if (typeof given === "function") return given;
  if (given === undefined) return environmentCredentials(environment);
  return async () => given;
}

/** The keys of the environment, read again on every renewal. A profile named there is the SDK's business, as in its own chain. */
function environmentCredentials(environment: Environment): CredentialProvider | undefined {
  const read = (): S3Credentials | undefined => {
    const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = environment;
    if (!accessKeyId || !secretAccessKey) return undefined;
    return { accessKeyId, secretAccessKey, sessionToken: environment.AWS_SESSION_TOKEN || undefined };
  };
  const first = read();
  if (first === undefined || environment.AWS_PROFILE) return undefined;
  return async () => read() ?? first;
}
