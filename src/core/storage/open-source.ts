import { show } from "../../util/options.js";
import { openHttpSource } from "./http.js";
import { openLocalSource } from "./local.js";
import type { RangeSource, ReadOptions } from "./port.js";
import { openS3Source } from "./s3/index.js";
import { resolveStorageOptions, type StorageOptions } from "./storage-options.js";

/** Schemes and how they are opened. A new driver is one file and one entry here. */
const DRIVERS: ReadonlyMap<string, Driver> = new Map<string, Driver>([
  ["file:", (url) => openLocalSource(url)],
  ["http:", openHttpSource],
  ["https:", openHttpSource],
  ["s3:", openS3Source],
]);

type Driver = (url: URL, options: StorageOptions & ReadOptions) => Promise<RangeSource>;

/** A scheme has two letters or more, so that `C:\data.hxz` is a path. */
const URL_PATTERN = /^[a-z][a-z0-9+.-]+:\/\//i;

/**
 * Opens whatever bytes may come from: a path, a `file:`, `http:`, `https:` or `s3:` URL, or a source, which is given back as it is.
 *
 * @throws HexzError `E_NOT_FOUND`, `E_IS_DIRECTORY`, `E_IO`, and for remote sources those of {@link openHttpSource} and {@link openS3Source}.
 * @throws TypeError for anything else, naming the argument `where`, as the callers of {@link openSource} call it too.
 */
export async function openSource(
  where: string | URL | RangeSource,
  options: StorageOptions & ReadOptions = {},
): Promise<RangeSource> {
  assertStorageOptions(options);
  if (where instanceof URL) return openUrl(where, options);
  if (typeof where === "string") {
    const isUrl = URL_PATTERN.test(where) || /^file:/i.test(where);
    if (where === "") throw new TypeError(`where must be a path or a URL, got ${show(where)}`);
    return isUrl ? openUrl(parseUrl(where), options) : openLocalSource(where);
  }
  if (isRangeSource(where)) return where;
  throw new TypeError(`where must be a path, a URL or a RangeSource, got ${show(where)}`);
}

/** Whether `value` has the shape of a {@link RangeSource}. */
export function isRangeSource(value: unknown): value is RangeSource {
  if (typeof value !== "object" || value === null) return false;
  return "readInto" in value && typeof value.readInto === "function" && "size" in value && "close" in value;
}

/** Misspelt options are an error for sources that need none, too. */
function assertStorageOptions({ signal, ...storage }: StorageOptions & ReadOptions): void {
  signal?.throwIfAborted();
  resolveStorageOptions(storage);
}

/** A message of `new URL` would show what is wrong with it, password and all. */
function parseUrl(text: string): URL {
  if (URL.canParse(text)) return new URL(text);
  throw new TypeError(
    `where must be a valid URL, got one that begins with ${show(text.slice(0, text.indexOf(":") + 1))}`,
  );
}

function openUrl(url: URL, options: StorageOptions & ReadOptions): Promise<RangeSource> {
  const driver = DRIVERS.get(url.protocol);
  if (driver !== undefined) return driver(url, options);
  // Without user, password and query, which may be secrets.
  const got = show(`${url.protocol}//${url.host}${url.pathname}`);
  throw new TypeError(`where must have a known scheme (${[...DRIVERS.keys()].join(" ")}), got ${got}`);
}
