import type { Dispatcher, Pool } from "undici";
import { HexzError } from "../../errors.js";
import { type Clock, systemClock } from "../../platform/clock.js";
import { assertPublicHost, publicLookup } from "./http-address.js";
import { Exchange, type ExchangeLimits } from "./http-exchange.js";

export type HttpHeaders = Readonly<Record<string, string>>;

/** Status and headers of an answer; the names of the headers are in lower case. */
export interface HttpHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** One request, and where the body of its answer goes. */
export interface HttpExchange {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  readonly url: URL;
  readonly headers: HttpHeaders;
  readonly body?: Uint8Array | undefined;
  /** How errors call what is asked for. */
  readonly name: string;
  /** Bytes expected, either way: they give the attempt its time. */
  readonly expectedBytes: number;
  /**
   * Decides from the head where the body goes: into these bytes, which it must not exceed, or (`undefined`) into the text of the reply, at most 16 KiB. What it
   * throws ends the exchange.
   */
  bodyInto(head: HttpHead): Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A whole answer. */
export interface HttpReply extends HttpHead {
  /** Bytes of the body that arrived. */
  readonly receivedBytes: number;
  /** The body where it was not asked for: its beginning. */
  readonly text: string;
}

/** Sends requests. Knows connections and time limits, and nothing of ranges. */
export interface HttpTransport extends AsyncDisposable {
  /**
   * Settles in time whatever the server does; writes to nobody's buffer once it has settled. Follows no redirects.
   *
   * @throws HexzError `E_NETWORK`, `E_TIMEOUT`, `E_ADDRESS`, `E_CLOSED`, with `receivedBytes` of the body in the context; the signal's reason.
   */
  exchange(exchange: HttpExchange): Promise<HttpReply>;
  /** Ends all connections at once. */
  close(): Promise<void>;
}

export interface TransportOptions {
  /** Connect to addresses that are not public. @default false */
  readonly allowPrivate?: boolean | undefined;
  /** @default 3 s */
  readonly connectTimeoutMs?: number | undefined;
  /** From the sent request to the head of its answer. @default 10 s */
  readonly firstByteTimeoutMs?: number | undefined;
  /** Between two pieces of a body. @default 10 s */
  readonly idleTimeoutMs?: number | undefined;
  /** For one exchange; longer where its bytes at 1 MB/s need it. @default 20 s */
  readonly attemptTimeoutMs?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** A transport over undici: a pool of kept-alive connections per origin. undici is loaded here, when first needed. */
export async function openTransport(options: TransportOptions = {}): Promise<HttpTransport> {
  const { allowPrivate = false, clock = systemClock } = options;
  const { connectTimeoutMs = 3000, firstByteTimeoutMs = 10_000, idleTimeoutMs = 10_000 } = options;
  const { attemptTimeoutMs = 20_000 } = options;
  const limits: ExchangeLimits = { clock, connectTimeoutMs, firstByteTimeoutMs, idleTimeoutMs, attemptTimeoutMs };
  const { Pool } = await import("undici");
  const pools = new Map<string, Pool>();
  let isClosed = false;
  const poolOf = (origin: string): Pool => {
    const pool = pools.get(origin) ?? new Pool(origin, poolOptions(origin, allowPrivate));
    pools.set(origin, pool);
    return pool;
  };
  const close = async (): Promise<void> => {
    isClosed = true;
    await Promise.all([...pools.values()].map((pool) => pool.destroy()));
  };
  return {
    async exchange(exchange) {
      exchange.signal?.throwIfAborted();
      if (isClosed)
        throw new HexzError("E_CLOSED", `${exchange.name} is closed`, { context: { source: exchange.name } });
      if (!allowPrivate) assertPublicHost(exchange.url.hostname, exchange.name);
      return dispatch(poolOf(exchange.url.origin), exchange, limits);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Ends a connect that nobody waits for any more. */
const STRAY_CONNECT_MS = 20_000;

/** As many connections as requests, so that none waits for another's. The time limits are ours: undici's are coarse and do not see a drip. */
function poolOptions(origin: string, allowPrivate: boolean): Pool.Options {
  const lookup = allowPrivate ? {} : { lookup: publicLookup(origin) };
  return { connections: null, headersTimeout: 0, bodyTimeout: 0, connect: { timeout: STRAY_CONNECT_MS, ...lookup } };
}

function dispatch(dispatcher: Dispatcher, exchange: HttpExchange, limits: ExchangeLimits): Promise<HttpReply> {
  return new Promise((resolve, reject) => {
    const running = new Exchange(exchange, limits, resolve, reject);
    const { method, url, headers, body } = exchange;
    const path = url.pathname + url.search;
    try {
      dispatcher.dispatch({ method, path, headers: { ...headers }, ...(body === undefined ? {} : { body }) }, running);
    } catch (error) {
      running.fail(error);
    }
  });
}
