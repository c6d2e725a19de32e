import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A file as the server has it. Change its fields to change the file. */
export interface ServedFile {
  bytes: Uint8Array;
  etag?: string | undefined;
  lastModified?: string | undefined;
  contentType?: string;
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
}

export interface RangeServer extends AsyncDisposable {
  readonly url: URL;
  readonly files: Map<string, ServedFile>;
  readonly requests: SeenRequest[];
  /** Bytes of bodies sent. */
  readonly bytes: number;
  readonly openSockets: number;
  /** Answers a request before the files do: true where it did. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  urlOf(path: string): string;
  close(): Promise<void>;
}

/** A static file server on loopback with byte ranges, ETags, dates and conditional requests (RFC 9110), as nginx or S3 would answer. */
export async function openRangeServer(files: Record<string, ServedFile>): Promise<RangeServer> {
  const served = new Map(Object.entries(files));
  const requests: SeenRequest[] = [];
  let bytes = 0;
  const http = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://server").pathname;
    requests.push({ method: request.method ?? "", path, headers: { ...request.headers } });
    if (server.intercept?.(request, response) === true) return;
    bytes += answer(request, response, served.get(path));
  });
  const { sockets, port } = await listen(http);
  const close = () => closeAll(http, sockets);
  const url = new URL(`http://127.0.0.1:${port}/`);
  const server: RangeServer = {
    url,
    files: served,
    requests,
    get bytes() {
      return bytes;
    },
    get openSockets() {
      return sockets.size;
    },
    intercept: undefined,
    urlOf: (path) => new URL(path, url).href,
    close,
    [Symbol.asyncDispose]: close,
  };
  return server;
}

/** Listens on a free port of loopback and keeps the open sockets. */
export async function listen(http: Server): Promise<{ sockets: Set<import("node:net").Socket>; port: number }> {
  const sockets = new Set<import("node:net").Socket>();
  http.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // A reset by the client is what some tests are about.
    socket.on("error", () => {});
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  return { sockets, port: (http.address() as AddressInfo).port };
}

export async function closeAll(http: Server, sockets: Set<import("node:net").Socket>): Promise<void> {
  if (!http.listening) return;
  http.close();
  for (const socket of sockets) socket.destroy();
  await once(http, "close");
}

/** Sends the answer; gives back the bytes of its body. */
function answer(request: IncomingMessage, response: ServerResponse, file: ServedFile | undefined): number {
  if (file === undefined) return send(response, 404, {}, Buffer.from("no such file"));
  const { bytes, etag, lastModified, contentType = "application/octet-stream" } = file;
  const facts = {
    "accept-ranges": "bytes",
    "content-type": contentType,
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { "last-modified": lastModified }),
  };
  const { headers } = request;
  if (headers["if-match"] !== undefined && headers["if-match"] !== etag)
    return send(response, 412, facts, Buffer.alloc(0));
  const since = headers["if-unmodified-since"];
  if (since !== undefined && lastModified !== undefined && Date.parse(lastModified) > Date.parse(since)) {
    return send(response, 412, facts, Buffer.alloc(0));
  }
  const range = parseRange(headers.range, bytes.length);
  if (range === undefined) return send(response, 200, facts, bytes);
  if (range === "none")
    return send(response, 416, { ...facts, "content-range": `bytes */${bytes.length}` }, Buffer.alloc(0));
  const [start, end] = range;
  const place = { "content-range": `bytes ${start}-${end - 1}/${bytes.length}` };
  return send(response, 206, { ...facts, ...place }, bytes.subarray(start, end));
}

function send(response: ServerResponse, status: number, headers: Record<string, string>, body: Uint8Array): number {
  response.writeHead(status, { ...headers, "content-length": body.length });
  response.end(body);
  return body.length;
}

/** `[start, end)`; "none" where the file has none of it; undefined without a range. */
function parseRange(text: string | undefined, size: number): readonly [number, number] | "none" | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(text ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return undefined;
  if (match[1] === "") return size === 0 ? "none" : [Math.max(0, size - Number(match[2])), size];
  const start = Number(match[1]);
  if (start >= size) return "none";
  return [start, match[2] === "" ? size : Math.min(size, Number(match[2]) + 1)];
}
