import { HexzError } from "../../errors.js";
import { show } from "../../util/options.js";
import { openLocalSource } from "./local.js";
import type { RangeSource } from "./port.js";

/** Schemes and how they are opened. A new driver is one file and one entry here. */
const DRIVERS: ReadonlyMap<string, (url: URL) => Promise<RangeSource>> = new Map([
  ["file:", openLocalSource],
  ["http:", refuse],
  ["https:", refuse],
  ["s3:", refuse],
]);

/** A scheme has two letters or more, so that `C:\data.hxz` is a path. */
const URL_PATTERN = /^[a-z][a-z0-9+.-]+:\/\//i;

/**
 * Opens whatever bytes may come from: a path, a `file:` URL, or a source, which is given back as it is.
 *
 * @throws HexzError `E_NOT_FOUND`, `E_IS_DIRECTORY`, `E_IO`; `E_FEATURE` for schemes this version does not read.
 * @throws TypeError for anything else, naming the argument `where`, as the callers of {@link openSource} call it too.
 */
export async function openSource(where: string | URL | RangeSource): Promise<RangeSource> {
  if (where instanceof URL) return openUrl(where);
  if (typeof where === "string") {
    const isUrl = URL_PATTERN.test(where) || /^file:/i.test(where);
    if (where === "" || (isUrl && !URL.canParse(where)))
      throw new TypeError(`where must be a path or a URL, got ${show(where)}`);
    return isUrl ? openUrl(new URL(where)) : openLocalSource(where);
  }
  if (isRangeSource(where)) return where;
  throw new TypeError(`where must be a path, a URL or a RangeSource, got ${show(where)}`);
}

/** Whether `value` has the shape of a {@link RangeSource}. */
export function isRangeSource(value: unknown): value is RangeSource {
  if (typeof value !== "object" || value === null) return false;
  return "readInto" in value && typeof value.readInto === "function" && "size" in value && "close" in value;
}

function openUrl(url: URL): Promise<RangeSource> {
  const driver = DRIVERS.get(url.protocol);
  if (driver !== undefined) return driver(url);
  // Without user, password and query, which may be secrets.
  const got = show(`${url.protocol}//${url.host}${url.pathname}`);
  throw new TypeError(`where must have a known scheme (${[...DRIVERS.keys()].join(" ")}), got ${got}`);
}

function refuse(url: URL): Promise<RangeSource> {
  const scheme = url.protocol.slice(0, -1);
  throw new HexzError("E_FEATURE", `${scheme} is not supported in this version; copy the file to this machine first`, {
    context: { scheme },
  });
}
