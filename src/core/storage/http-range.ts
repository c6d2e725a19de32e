import { HexzError } from "../../errors.js";
import { untilAborted } from "../../util/abort.js";
import {
  type AskedRange,
  acceptRange,
  conditionHeaders,
  type ObjectVersion,
  sourceChanged,
  versionOf,
  wholeObjectError,
} from "./http-answer.js";
import { header, statusError } from "./http-errors.js";
import type { HttpHead, HttpHeaders, HttpReply, HttpTransport } from "./http-transport.js";
import { displayUrl } from "./http-url.js";

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** A request about to be sent, as who signs it sees it. */
export interface SignableRequest {
  readonly method: "GET";
  readonly url: URL;
  /** Every header that is sent but `host`. */
  readonly headers: HttpHeaders;
  readonly signal: AbortSignal | undefined;
}

/** What makes a request authorized. */
export interface Signature {
  /** Headers to send beside the others; the same names replace them. */
  readonly headers: HttpHeaders;
  /**
   * Called once where the server refuses the request (400, 401, 403): gets new credentials where that may help, and says whether to sign and send again. All requests in
   * flight are refused at once: renew for all of them together.
   */
  readonly renew?: (refusal: HttpReply) => Promise<boolean>;
}

/** May wait for credentials as long as the signal allows. */
export type SignRequest = (request: SignableRequest) => Signature | Promise<Signature>;

/** One range of an object. */
export interface RangeRequest {
  /** How errors call the object. */
  readonly name: string;
  /** The address the caller gave: only its origin gets signatures. */
  readonly url: URL;
  /** Where an earlier request was led, to spare the way. @default url */
  readonly location?: URL | undefined;
  readonly offset: number;
  /** Filled from its start. */
  readonly target: Uint8Array;
  /** Absent for the first request: it then learns the version, and may ask past the end. */
  readonly version?: ObjectVersion | undefined;
  readonly sign?: SignRequest | undefined;
  /** A better error for a refusal than its status gives, e.g. from the code in its body. */
  readonly explain?: ((refusal: HttpReply) => HexzError | undefined) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RangeAnswer {
  readonly version: ObjectVersion;
  /** All of the target, or less where the first request asked past the end. */
  readonly filledBytes: number;
  /** Where the bytes came from, after redirects. */
  readonly location: URL;
}

/**
 * One validated ranged GET (RFC 9110, 14): signed, conditional on the pinned version, redirects followed, credentials renewed once. The target holds exactly the bytes
 * asked for, of exactly the version asked for, or the call rejects.
 *
 * @throws HexzError `E_NETWORK`, `E_TIMEOUT`, `E_HTTP`, `E_RANGE`, `E_SHORT_READ`, `E_SOURCE_CHANGED`, `E_ACCESS`, `E_NOT_FOUND`, `E_ADDRESS`. Its context says whether trying
 *   again may help (`transient`) and how much of the target is right already (`receivedBytes`); see `RemoteFailure`.
 */
export async function readHttpRange(transport: HttpTransport, request: RangeRequest): Promise<RangeAnswer> {
  let location = request.location ?? request.url;
  let isRenewed = false;
  for (let hops = 0; ; ) {
    const { reply, answer, signature } = await exchangeRange(transport, request, location);
    if (answer !== undefined) return { ...answer, location };
    // S3 tells of another region by a redirect to nowhere: that is for `explain`.
    if (REDIRECTS.has(reply.status) && header(reply, "location") !== undefined) {
      if (++hops > MAX_REDIRECTS) throw refusedRedirect(request.name, `more than ${MAX_REDIRECTS} times`);
      location = redirectTarget(reply, location, request.name);
    } else if (!isRenewed && isRefusal(reply) && (await renewed(signature, reply, request.signal))) {
      isRenewed = true;
    } else {
      throw refusalError(reply, request);
    }
  }
}

interface Sent {
  readonly reply: HttpReply;
  readonly answer: Omit<RangeAnswer, "location"> | undefined;
  readonly signature: Signature | undefined;
}

/** Sends the request to one place. The answer is there only where the reply is the range asked for, complete. */
async function exchangeRange(transport: HttpTransport, request: RangeRequest, url: URL): Promise<Sent> {
  const { name, offset, target, version, signal } = request;
  const asked = { name, offset, lengthBytes: target.length, version };
  const plain = {
    "accept-encoding": "identity",
    range: `bytes=${offset}-${offset + target.length - 1}`,
    ...conditionHeaders(version),
  };
  // Another origin gets nothing of the caller's: neither signature nor headers.
  const isOwn = url.origin === request.url.origin;
  const signing = isOwn ? request.sign?.({ method: "GET", url, headers: plain, signal }) : undefined;
  const signature = await unlessAborted(signing, signal);
  let accepted: Omit<RangeAnswer, "location"> | undefined;
  const bodyInto = (head: HttpHead): Uint8Array | undefined => {
    accepted = acceptHead(head, asked);
    return accepted === undefined || isEmptyObject(head) ? undefined : target.subarray(0, accepted.filledBytes);
  };
  const headers = { ...plain, ...signature?.headers };
  const reply = await transport.exchange({
    method: "GET",
    url,
    headers,
    name,
    expectedBytes: target.length,
    bodyInto,
    signal,
  });
  if (accepted !== undefined && !isEmptyObject(reply)) assertComplete(reply, accepted.filledBytes, asked);
  return { reply, answer: accepted, signature };
}

async function renewed(
  signature: Signature | undefined,
  refusal: HttpReply,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  return (await unlessAborted(signature?.renew?.(refusal), signal)) === true;
}

/** The caller's code may take its time; who aborts does not wait for it. */
async function unlessAborted<T>(work: T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  signal?.throwIfAborted();
  return signal === undefined || !(work instanceof Promise) ? work : untilAborted(work, signal);
}

/** Undefined for a status that is no success. */
function acceptHead(head: HttpHead, asked: AskedRange): Omit<RangeAnswer, "location"> | undefined {
  if (head.status === 206) {
    const { version, lengthBytes } = acceptRange(head, asked);
    return { version, filledBytes: lengthBytes };
  }
  if (asked.version === undefined && isEmptyObject(head)) return { version: versionOf(head, 0), filledBytes: 0 };
  if (head.status >= 200 && head.status < 300) throw wholeObjectError(head, asked);
  return undefined;
}

/** No range of an empty object can be given: servers say so, or send all of it. */
function isEmptyObject(head: HttpHead): boolean {
  if (head.status === 416) return header(head, "content-range") === "bytes */0";
  return head.status === 200 && header(head, "content-length") === "0";
}

function assertComplete({ receivedBytes }: HttpReply, expected: number, { name, offset }: AskedRange): void {
  if (receivedBytes === expected) return;
  throw new HexzError("E_SHORT_READ", `${name} gave ${receivedBytes} of ${expected} bytes at offset ${offset}`, {
    context: { source: name, offset, expected, actual: receivedBytes, receivedBytes, transient: true },
  });
}

function isRefusal({ status }: HttpReply): boolean {
  return status === 400 || status === 401 || status === 403;
}

function refusalError(reply: HttpReply, { name, version, explain }: RangeRequest): HexzError {
  if (version !== undefined && (reply.status === 412 || reply.status === 416)) {
    return sourceChanged(name, "the version that was opened", `status ${reply.status}`);
  }
  return explain?.(reply) ?? statusError(name, reply);
}

function redirectTarget(reply: HttpReply, from: URL, name: string): URL {
  const text = header(reply, "location") ?? "";
  if (!URL.canParse(text, from.href)) throw refusedRedirect(name, "to no address at all");
  const to = new URL(text, from);
  const isSafe = to.protocol === from.protocol || (from.protocol === "http:" && to.protocol === "https:");
  if (!isSafe) throw refusedRedirect(name, `from ${from.protocol} to ${displayUrl(to)}`);
  if (to.username !== "" || to.password !== "") throw refusedRedirect(name, "to an address that holds a password");
  return to;
}

function refusedRedirect(name: string, how: string): HexzError {
  const message = `${name} is redirected ${how}, which is not followed; give the address it ends at`;
  return new HexzError("E_ADDRESS", message, { context: { source: name } });
}
