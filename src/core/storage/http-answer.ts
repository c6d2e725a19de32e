import { HexzError } from "../../errors.js";
import { show } from "../../util/options.js";
import { header } from "./http-errors.js";
import type { HttpHead, HttpHeaders } from "./http-transport.js";

/** The version of an object that a source was opened on. Every later answer must be of it. */
export interface ObjectVersion {
  readonly sizeBytes: number;
  /** As the server wrote it, weak or strong. */
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

/** What a ranged GET asked for. */
export interface AskedRange {
  readonly name: string;
  readonly offset: number;
  readonly lengthBytes: number;
  /** Absent for the first request, which finds it out; that one may ask past the end. */
  readonly version?: ObjectVersion | undefined;
}

/** An answer that is what was asked for. */
export interface AcceptedRange {
  readonly version: ObjectVersion;
  /** Bytes the body must have: less than asked for only where the object ends. */
  readonly lengthBytes: number;
}

/** Headers that make the server refuse (412) where the object is no longer of `version` (RFC 9110, 13.1). */
export function conditionHeaders(version: ObjectVersion | undefined): HttpHeaders {
  if (version?.etag !== undefined && isStrong(version.etag)) return { "if-match": version.etag };
  if (version?.lastModified !== undefined) return { "if-unmodified-since": version.lastModified };
  return {};
}

/** What of a version tells it from others: the strong ETag, else the date, else the weak ETag. Undefined where the server gives none. */
export function validatorOf({ etag, lastModified }: ObjectVersion): string | undefined {
  return etag !== undefined && isStrong(etag) ? etag : (lastModified ?? etag);
}

function isStrong(etag: string): boolean {
  return etag.startsWith('"');
}

const CONTENT_RANGE = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16})$/;

/**
 * Checks the head of a 206 (RFC 9110, 15.3.7) before any byte of its body is kept. Pure.
 *
 * @throws HexzError `E_RANGE` where it is not exactly the range asked for, in one part and as it is; `E_SOURCE_CHANGED`.
 */
export function acceptRange(head: HttpHead, asked: AskedRange): AcceptedRange {
  const type = header(head, "content-type") ?? "";
  if (/^multipart\//i.test(type)) throw wrongRange(asked, "in several parts");
  const encoding = header(head, "content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity") throw wrongRange(asked, `encoded as ${show(encoding)}`);
  const text = header(head, "content-range");
  const [start, last, total] = (CONTENT_RANGE.exec(text ?? "") ?? []).slice(1).map(Number);
  if (start === undefined || last === undefined || total === undefined) {
    throw wrongRange(asked, text === undefined ? "without Content-Range" : `as ${show(text)}`);
  }
  const version = versionOf(head, total);
  if (asked.version !== undefined) assertSameVersion(version, asked.version, asked.name);
  const lengthBytes = Math.min(asked.lengthBytes, total - asked.offset);
  const length = header(head, "content-length") ?? String(lengthBytes);
  if (start === asked.offset && last === start + lengthBytes - 1 && length === String(lengthBytes)) {
    return { version, lengthBytes };
  }
  throw wrongRange(asked, `as ${show(text)} of ${show(length)} bytes`);
}

export function versionOf(head: HttpHead, sizeBytes: number): ObjectVersion {
  return { sizeBytes, etag: header(head, "etag"), lastModified: header(head, "last-modified") };
}

function assertSameVersion(version: ObjectVersion, expected: ObjectVersion, name: string): void {
  if (version.sizeBytes === expected.sizeBytes && validatorOf(version) === validatorOf(expected)) return;
  throw sourceChanged(name, show(validatorOf(expected)), show(validatorOf(version)));
}

/**
 * The error for an answer of status 200: the whole object where a range was asked for. Sliced, it would be right by chance at best.
 */
export function wholeObjectError(head: HttpHead, asked: AskedRange): HexzError {
  const { name, version } = asked;
  const actual = versionOf(head, version?.sizeBytes ?? 0);
  if (version !== undefined && validatorOf(actual) !== validatorOf(version)) {
    return sourceChanged(name, show(validatorOf(version)), show(validatorOf(actual)));
  }
  if (/^text\/html/i.test(header(head, "content-type") ?? "")) {
    return rangeError(asked, `${name} is a web page, not a file that can be read in ranges; check the address`);
  }
  const message = `${name} was sent whole where a range was asked for; its server must support range requests, or copy the file to this machine first`;
  return rangeError(asked, message);
}

export function sourceChanged(name: string, expected: string, actual: string): HexzError {
  return new HexzError("E_SOURCE_CHANGED", `${name} changed since it was opened; open it again`, {
    context: { source: name, expected, actual },
  });
}

function wrongRange(asked: AskedRange, how: string): HexzError {
  const { name, offset, lengthBytes } = asked;
  const message = `${name} answered ${how} where ${lengthBytes} bytes from ${offset} were asked for; its server or a proxy does not serve ranges as it should`;
  return rangeError(asked, message);
}

/** Once a server has shown that it serves ranges, a wrong answer is an accident on the way. */
function rangeError(asked: AskedRange, message: string): HexzError {
  const { name, offset, lengthBytes, version } = asked;
  const context = { source: name, offset, expected: lengthBytes, transient: version !== undefined };
  return new HexzError("E_RANGE", message, { context });
}
