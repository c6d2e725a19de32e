import { assertBoolean, assertInteger, assertKnownKeys, show } from "../../util/options.js";
import { COALESCE_DEFAULTS, type CoalesceLimits } from "./coalesce-plan.js";
import type { AuthCallback } from "./http-auth.js";
import type { HttpHeaders } from "./http-transport.js";
import { assertS3Options, type S3Options } from "./s3/options.js";

/** How remote storage is read. Paths and sources in memory need none of it. */
export interface StorageOptions {
  /** Headers sent with every request to the origin of the address, and to no other. */
  readonly headers?: HttpHeaders | undefined;
  /** Called for every request: the headers that authorize it. Once more with `refresh` where the server answers 401 or 403. */
  readonly auth?: AuthCallback | undefined;
  /** How S3 is reached. @default what the AWS environment says */
  readonly s3?: S3Options | undefined;
  /** Read from loopback, private and link-local addresses too; an endpoint of S3 may be one always. @default false */
  readonly allowPrivate?: boolean | undefined;
  /** Read an object whose server gives neither ETag nor Last-Modified: a change is then noticed by its size and by checksums only. @default false */
  readonly allowUnpinned?: boolean | undefined;
  /** Time for one read, all tries included. @default 180 s */
  readonly timeoutMs?: number | undefined;
  /** @default 3 s */
  readonly connectTimeoutMs?: number | undefined;
  /** From a sent request to the head of its answer. @default 10 s */
  readonly firstByteTimeoutMs?: number | undefined;
  /** Between two pieces of an answer. @default 10 s */
  readonly idleTimeoutMs?: number | undefined;
  /** Time for one try, more where its bytes need it at 1 MB/s: an answer that drips is given up. @default 20 s */
  readonly attemptTimeoutMs?: number | undefined;
  /** Tries of one read; opening makes 5 at most. @default 32 */
  readonly attempts?: number | undefined;
  /** Most requests in flight; it adapts below that. @default 64 */
  readonly requests?: number | undefined;
  /** Most bytes in flight. @default 64 MiB */
  readonly bytesInFlight?: number | undefined;
  /** When neighbouring ranges share a request. */
  readonly coalesce?: Partial<CoalesceLimits> | undefined;
}

/** Every option with its default filled in, but those that have none. */
export interface ResolvedStorageOptions extends Omit<Required<StorageOptions>, "headers" | "auth" | "coalesce" | "s3"> {
  readonly headers: HttpHeaders;
  readonly auth: AuthCallback | undefined;
  /** Checked; the environment is read where S3 is opened. */
  readonly s3: S3Options;
  readonly coalesce: CoalesceLimits;
}

const MILLISECONDS = {
  timeoutMs: 180_000,
  connectTimeoutMs: 3000,
  firstByteTimeoutMs: 10_000,
  idleTimeoutMs: 10_000,
  attemptTimeoutMs: 20_000,
} as const;
const COUNTS = { attempts: 32, requests: 64, bytesInFlight: 64 * 2 ** 20 } as const;
const FLAGS = { allowPrivate: false, allowUnpinned: false } as const;
const NAMES = ["headers", "auth", "s3", "coalesce", ...Object.keys({ ...MILLISECONDS, ...COUNTS, ...FLAGS })];

/**
 * Checks `options.storage` and fills in the defaults. Messages never show the values of headers.
 *
 * @throws TypeError, RangeError naming the option.
 */
export function resolveStorageOptions(options: StorageOptions = {}): ResolvedStorageOptions {
  assertKnownKeys("options.storage", options, NAMES);
  return {
    headers: resolveHeaders(options.headers ?? {}, "options.storage.headers"),
    auth: resolveAuth(options.auth),
    s3: assertS3Options(options.s3 ?? {}),
    coalesce: resolveCoalesce(options.coalesce ?? {}),
    ...resolveEach(MILLISECONDS, options, (name, value) => assertInteger(name, value, 1, 2 ** 31 - 1)),
    ...resolveEach(COUNTS, options, (name, value) => assertInteger(name, value, 1)),
    ...resolveEach(FLAGS, options, assertBoolean),
  };
}

type Widened<D> = { readonly [K in keyof D]: D[K] extends number ? number : boolean };

function resolveEach<D extends Partial<Record<keyof StorageOptions, number | boolean>>>(
  defaults: D,
  options: StorageOptions,
  assert: (name: string, value: unknown) => void,
): Widened<D> {
  const entries = Object.entries(defaults).map(([name, fallback]) => {
    const value = options[name as keyof StorageOptions] ?? fallback; // a key of defaults, which are keys of the options
    assert(`options.storage.${name}`, value);
    return [name, value];
  });
  return Object.fromEntries(entries) as Widened<D>; // built from its keys; `assert` holds for each value
}

/** Headers that say what is asked for, or how: they are ours. */
const RESERVED = new Set([
  "range",
  "if-match",
  "if-range",
  "if-unmodified-since",
  "accept-encoding",
  "host",
  "connection",
]);
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what a header value must not hold
const BAD_VALUE = /[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/;

/** The same headers with names in lower case. */
export function resolveHeaders(headers: unknown, name: string): HttpHeaders {
  if (typeof headers !== "object" || headers === null || Array.isArray(headers)) {
    throw new TypeError(`${name} must be an object of header names and values, got ${show(headers)}`);
  }
  const entries = Object.entries(headers).map(([key, value]: [string, unknown]) => {
    const lower = key.toLowerCase();
    if (!HEADER_NAME.test(lower)) throw new TypeError(`${name} has a name that no header can have: ${show(key)}`);
    if (RESERVED.has(lower)) throw new TypeError(`${name}.${key} cannot be set: hexz sends its own`);
    if (typeof value !== "string" || BAD_VALUE.test(value))
      throw new TypeError(`${name}.${key} must be text that a header can hold`);
    return [lower, value] as const;
  });
  return Object.fromEntries(entries);
}

function resolveAuth(auth: unknown): AuthCallback | undefined {
  if (auth === undefined) return undefined;
  if (typeof auth !== "function") throw new TypeError(`options.storage.auth must be a function, got ${show(auth)}`);
  return auth as AuthCallback; // what it gives is checked when it is called
}

function resolveCoalesce(options: Partial<CoalesceLimits>): CoalesceLimits {
  assertKnownKeys("options.storage.coalesce", options, Object.keys(COALESCE_DEFAULTS));
  const { gapBytes = COALESCE_DEFAULTS.gapBytes, requestBytes = COALESCE_DEFAULTS.requestBytes } = options;
  const { waste = COALESCE_DEFAULTS.waste } = options;
  assertInteger("options.storage.coalesce.gapBytes", gapBytes, 0);
  assertInteger("options.storage.coalesce.requestBytes", requestBytes, 1);
  if (typeof waste !== "number" || !(waste >= 0 && waste <= 1)) {
    throw new RangeError(`options.storage.coalesce.waste must be from 0 to 1, got ${show(waste)}`);
  }
  return { gapBytes, requestBytes, waste };
}
