import { createServer, type IncomingMessage, request as openRequest, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { closeAll, listen } from "./range-server.js";

/** What goes wrong with one request. Bytes count from the start of the body. */
export type Fault =
  /** The connection is reset before any answer. */
  | { readonly kind: "refuse" }
  /** An answer of the proxy's own. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    }
  /** Nothing more comes: no head at all, or nothing after so many bytes. */
  | { readonly kind: "stall"; readonly atByte?: number }
  /** One byte every so often. */
  | { readonly kind: "drip"; readonly everyMs: number }
  /** The connection is reset (RST) after so many bytes. */
  | { readonly kind: "reset"; readonly atByte: number }
  /** The body ends after so many bytes: the connection closes below Content-Length, or the chunked or close-delimited body just ends. */
  | { readonly kind: "fin"; readonly atByte: number; readonly framing: "length" | "chunked" | "close" }
  /** More bytes than the range has, in a chunked body. */
  | { readonly kind: "extra"; readonly bytes: number }
  /** Headers replaced (or, with undefined, taken away), and perhaps the status. The body is that of the server. */
  | { readonly kind: "head"; readonly status?: number; readonly headers: Record<string, string | undefined> }
  /** The whole object with status 200, as servers without ranges answer. */
  | { readonly kind: "whole" }
  /** One bit is wrong. */
  | { readonly kind: "flip"; readonly atByte: number }
  /** The head comes late; the body at so many bytes per second. */
  | { readonly kind: "slow"; readonly latencyMs?: number; readonly bytesPerSecond?: number };

export interface ProxiedRequest {
  /** From 0. */
  readonly index: number;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  /** `[start, end)` that is asked for. */
  readonly range: readonly [number, number] | undefined;
}

/** Decides the fault of each request. */
export type FaultScript = (request: ProxiedRequest) => Fault | undefined;

export interface FaultProxy extends AsyncDisposable {
  readonly url: URL;
  script: FaultScript;
  readonly requests: readonly ProxiedRequest[];
  /** Bytes of bodies sent. */
  readonly bytes: number;
  readonly openSockets: number;
  /** Most requests that were being answered at once. */
  readonly mostInFlight: number;
  urlOf(path: string): string;
  /** Forgets requests and bytes seen so far; `index` goes on from 0. */
  reset(): void;
  close(): Promise<void>;
}

/** The fault for the `times` first requests from `from` on. */
export function faultAt(fault: Fault, from = 0, times = 1): FaultScript {
  return ({ index }) => (index >= from && index < from + times ? fault : undefined);
}

/** An HTTP proxy on loopback in front of `upstream` that does what servers and networks do on bad days. Requests keep their path and `Host` is the upstream's. */
export async function openFaultProxy(upstream: URL, script: FaultScript = () => undefined): Promise<FaultProxy> {
  let requests: ProxiedRequest[] = [];
  let bytes = 0;
  let inFlight = 0;
  let mostInFlight = 0;
  const http = createServer((request, response) => {
    const [start, last] = (/^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? []).slice(1).map(Number);
    const range = start === undefined || last === undefined ? undefined : ([start, last + 1] as const);
    const seen = { index: requests.length, path: request.url ?? "/", headers: request.headers, range };
    requests.push(seen);
    mostInFlight = Math.max(mostInFlight, ++inFlight);
    response.on("close", () => inFlight--);
    const write = (chunk: Uint8Array) => {
      bytes += chunk.length;
      response.write(chunk);
    };
    const fault = proxy.script(seen);
    // The upstream is gone: so is the answer.
    forward(request, response, { upstream, fault, write }).catch(() => reset(request.socket));
  });
  const { sockets, port } = await listen(http);
  const close = () => closeAll(http, sockets);
  const url = new URL(`http://127.0.0.1:${port}/`);
  const proxy: FaultProxy = {
    url,
    script,
    get requests() {
      return requests;
    },
    get bytes() {
      return bytes;
    },
    get openSockets() {
      return sockets.size;
    },
    get mostInFlight() {
      return mostInFlight;
    },
    urlOf: (path) => new URL(path, url).href,
    reset() {
      requests = [];
      bytes = 0;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
  return proxy;
}

interface Forwarding {
  readonly upstream: URL;
  readonly fault: Fault | undefined;
  /** Sends bytes of the body, counted. */
  readonly write: (chunk: Uint8Array) => void;
}

async function forward(request: IncomingMessage, response: ServerResponse, { upstream, fault, write }: Forwarding) {
  const socket = request.socket;
  if (fault?.kind === "refuse") return reset(socket);
  if (fault?.kind === "stall" && fault.atByte === undefined) return;
  if (fault?.kind === "status") {
    const body = fault.body ?? "";
    response.writeHead(fault.status, { "content-length": Buffer.byteLength(body), ...fault.headers });
    response.end(body);
    return;
  }
  const { status, headers, body } = await ask(upstream, request, fault?.kind === "whole");
  if (fault?.kind === "slow" && fault.latencyMs !== undefined) await pause(fault.latencyMs);
  const send = (sent: Uint8Array, framing: "length" | "chunked" | "close", length = body.length) => {
    const own = fault?.kind === "head" ? fault : { status: undefined, headers: {} };
    const all: Record<string, unknown> = { ...headers, ...own.headers };
    delete all["transfer-encoding"];
    if (framing === "length") all["content-length"] ??= length;
    else delete all["content-length"];
    if (framing === "close") response.useChunkedEncodingByDefault = response.shouldKeepAlive = false;
    const lines = Object.entries(all).filter(([name, value]) => value !== undefined && name !== "connection");
    response.writeHead(own.status ?? status, Object.fromEntries(lines) as Record<string, string>);
    response.flushHeaders();
    if (sent.length > 0) write(sent);
  };
  switch (fault?.kind) {
    case "stall":
      return send(body.subarray(0, fault.atByte), "length");
    case "reset":
      send(body.subarray(0, fault.atByte), "length");
      // What was written must leave first: a reset throws away what still waits to be sent.
      return setTimeout(() => reset(socket), 20).unref();
    case "fin":
      send(body.subarray(0, fault.atByte), fault.framing);
      if (fault.framing === "length") return socket.end();
      return response.end();
    case "extra":
      send(Buffer.concat([body, Buffer.alloc(fault.bytes, 0x5a)]), "chunked");
      return response.end();
    case "flip": {
      const flipped = Buffer.from(body);
      if (fault.atByte < flipped.length) flipped[fault.atByte] = (flipped[fault.atByte] ?? 0) ^ 1;
      send(flipped, "length");
      return response.end();
    }
    case "drip":
      send(body.subarray(0, 0), "length");
      return dripOut(body, fault.everyMs, response, write);
    case "slow":
      send(body.subarray(0, 0), "length");
      return trickle(body, fault.bytesPerSecond, response, write);
    default:
      send(body, "length");
      return response.end();
  }
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** The server's own answer, complete. */
function ask(upstream: URL, request: IncomingMessage, whole: boolean): Promise<Answer> {
  const { range, ...others } = request.headers;
  const headers = { ...others, host: upstream.host, ...(whole || range === undefined ? {} : { range }) };
  return new Promise((resolve, reject) => {
    const url = new URL(request.url ?? "/", upstream);
    const asked = openRequest(url, { method: request.method ?? "GET", headers, agent: false }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on("data", (chunk: Buffer) => chunks.push(chunk));
      reply.on("error", reject);
      reply.on("end", () => {
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: Buffer.concat(chunks) });
      });
    });
    asked.on("error", reject);
    request.pipe(asked);
  });
}

function reset(socket: Socket): void {
  socket.resetAndDestroy();
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

async function dripOut(body: Uint8Array, everyMs: number, response: ServerResponse, write: Forwarding["write"]) {
  for (let i = 0; i < body.length && !response.destroyed; i++) {
    write(body.subarray(i, i + 1));
    await pause(everyMs);
  }
  response.end();
}

const TICK_MS = 5;

async function trickle(
  body: Uint8Array,
  rate: number | undefined,
  response: ServerResponse,
  write: Forwarding["write"],
) {
  const begunMs = performance.now();
  for (let sent = 0; sent < body.length && !response.destroyed; ) {
    const due = rate === undefined ? body.length : Math.ceil(((performance.now() - begunMs + TICK_MS) * rate) / 1000);
    const end = Math.min(body.length, due);
    if (end > sent) write(body.subarray(sent, end));
    sent = Math.max(sent, end);
    if (sent < body.length) await pause(TICK_MS);
  }
  response.end();
}
