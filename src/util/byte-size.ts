import { show } from "./options.js";

/** Bytes per unit, by its name in lower case. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["b", 1],
  ["kb", 1e3],
  ["mb", 1e6],
  ["gb", 1e9],
  ["tb", 1e12],
  ["kib", 2 ** 10],
  ["mib", 2 ** 20],
  ["gib", 2 ** 30],
  ["tib", 2 ** 40],
]);
const PATTERN = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i;
const DECIMAL = ["bytes", "kB", "MB", "GB", "TB"];

/**
 * A size as users write it, in bytes: a number of bytes, or `"512MiB"`, `"2 GB"`. kB, MB, GB, TB are powers of 1000, KiB, MiB, GiB, TiB of 1024.
 *
 * @throws TypeError, RangeError that name `optionName`.
 */
export function parseByteSize(value: number | string, optionName: string): number {
  if (typeof value === "number") return assertSize(value, value, optionName);
  if (typeof value !== "string")
    throw new TypeError(`${optionName} must be bytes or a text like "2 GB", got ${show(value)}`);
  const [, digits, unit = ""] = PATTERN.exec(value.trim()) ?? [];
  const factor = UNITS.get(unit.toLowerCase());
  if (digits === undefined || factor === undefined) {
    throw new RangeError(`${optionName} must be a size like "512MiB" or "2 GB", got ${show(value)}`);
  }
  return assertSize(Math.round(Number(digits) * factor), value, optionName);
}

/** A size for people: `"1.5 MB"`, `"512 bytes"`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let rank = 0;
  // 999.95 would be shown as 1000.0.
  while (value >= (rank === 0 ? 1000 : 999.95) && rank < DECIMAL.length - 1) {
    value /= 1000;
    rank++;
  }
  return rank === 0 ? `${value} ${value === 1 ? "byte" : "bytes"}` : `${value.toFixed(1)} ${DECIMAL[rank]}`;
}

function assertSize(bytes: number, given: unknown, optionName: string): number {
  if (Number.isSafeInteger(bytes) && bytes >= 0) return bytes;
  throw new RangeError(`${optionName} must be a whole number of bytes >= 0, got ${show(given)}`);
}
