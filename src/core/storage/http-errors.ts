import { HexzError, isHexzError } from "../../errors.js";
import type { HttpHead } from "./http-transport.js";

/**
 * Facts that errors of remote storage carry in their context, for whoever tries again:
 * `transient` it may work a moment later; `throttled` the server asked for less; `retryAfterMs` and when; `receivedBytes` the first bytes of the target that are right.
 */
export interface RemoteFailure {
  readonly transient: boolean;
  readonly throttled: boolean;
  readonly retryAfterMs: number | undefined;
  readonly receivedBytes: number;
}

export function remoteFailure(error: unknown): RemoteFailure {
  const context = isHexzError(error) ? error.context : {};
  const { transient, throttled, retryAfterMs, receivedBytes } = context;
  return {
    transient: transient === true,
    throttled: throttled === true,
    retryAfterMs: typeof retryAfterMs === "number" ? retryAfterMs : undefined,
    receivedBytes: typeof receivedBytes === "number" ? receivedBytes : 0,
  };
}

/** System codes that stay as they are however often one tries. */
const CERTIFICATE = /^(ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH)/;
const MISTAKE = /^(UND_ERR_INVALID_ARG$|ERR_INVALID_)/;

const REASONS: ReadonlyMap<string, string> = new Map([
  ["ECONNREFUSED", "the server refuses the connection; check host and port"],
  ["ENOTFOUND", "there is no such host; check the address"],
  ["EAI_AGAIN", "the name of the host cannot be resolved at the moment"],
  ["ECONNRESET", "the server reset the connection"],
  ["UND_ERR_SOCKET", "the server closed the connection"],
  ["UND_ERR_CONNECT_TIMEOUT", "the server cannot be reached"],
]);

/** A connection that could not be made, or broke. */
export function networkError(name: string, cause: unknown, receivedBytes: number): HexzError {
  const system = systemCode(cause);
  const isCertificate = CERTIFICATE.test(system);
  const otherwise = isCertificate
    ? `the server's certificate is not trusted (${system}); check the address, or name the authority in NODE_EXTRA_CA_CERTS`
    : `the connection failed (${system})`;
  const reason = REASONS.get(system) ?? otherwise;
  const context = { source: name, system, transient: !isCertificate && !MISTAKE.test(system), receivedBytes };
  return new HexzError("E_NETWORK", `${name} cannot be read: ${reason}`, { context, cause });
}

/** The code of an error, or of the first error it holds: a connect that tried several addresses rejects with all of them. */
function systemCode(cause: unknown): string {
  if (!(cause instanceof Error)) return "unknown";
  if (cause instanceof AggregateError && cause.errors.length > 0) return systemCode(cause.errors[0]);
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.name;
}

const WAITED_FOR = {
  connect: "a connection",
  head: "the first byte of an answer",
  body: "the rest of an answer",
  settled: "an answer",
};

export function timeoutError(name: string, phase: keyof typeof WAITED_FOR, receivedBytes: number): HexzError {
  const context = { source: name, phase, transient: true, receivedBytes };
  return new HexzError(
    "E_TIMEOUT",
    `${name} did not give ${WAITED_FOR[phase]} in time; check the server and the network`,
    {
      context,
    },
  );
}

const TRANSIENT_STATUS = new Set([408, 425, 429, 500, 502, 503, 504]);
const THROTTLING_STATUS = new Set([429, 503]);

/** The error for a status that is no success. */
export function statusError(name: string, head: HttpHead): HexzError {
  const { status } = head;
  const throttled = THROTTLING_STATUS.has(status);
  const retryAfterMs = throttled ? retryAfterOf(head) : undefined;
  const context = { source: name, status, transient: TRANSIENT_STATUS.has(status), throttled, retryAfterMs };
  const failed = (code: ConstructorParameters<typeof HexzError>[0], what: string) =>
    new HexzError(code, `${name} ${what} (status ${status})`, { context });
  if (status === 401 || status === 407)
    return failed("E_ACCESS", "needs credentials; give storage.headers or storage.auth");
  if (status === 403)
    return failed("E_ACCESS", "may not be read with these credentials; check them and their permissions");
  if (status === 404 || status === 410) return failed("E_NOT_FOUND", "does not exist; check the address");
  if (throttled) return failed("E_HTTP", "is refused for now: the server is overloaded or limits the rate of requests");
  if (status >= 500) return failed("E_HTTP", "cannot be read: the server failed");
  return failed("E_HTTP", "cannot be read: the server did not accept the request");
}

/** Seconds, or a date, which is taken against the server's own clock. */
function retryAfterOf(head: HttpHead): number | undefined {
  const value = header(head, "retry-after") ?? "";
  if (/^\d{1,6}$/.test(value)) return Number(value) * 1000;
  const waitMs = Date.parse(value) - Date.parse(header(head, "date") ?? "");
  return waitMs >= 0 ? waitMs : undefined;
}

/** One header; several of the same name are one list. */
export function header(head: HttpHead, name: string): string | undefined {
  const value = head.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}
