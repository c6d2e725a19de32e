import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { S3Failure, type S3Key, verifySignature } from "./s3-signature.js";
import { preconditionFailed, S3Bucket, type StoredObject } from "./s3-store.js";

/** A request the server got. */
export interface S3Request {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: Uint8Array;
  /** The access key id that signed it; undefined where nobody did. */
  readonly signedBy: string | undefined;
}

interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface S3ServerOptions {
  /** Serves a request in place of `serve`, which it may call; it may throw an `S3Failure`. */
  readonly intercept?: (request: S3Request, serve: () => Reply) => Reply | Promise<Reply>;
  /** @default the clock's */
  readonly nowMs?: () => number;
}

/** An S3 server in memory on a port of the loopback interface. */
export interface S3Server extends AsyncDisposable {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Keys by id; tests add, expire and remove them. */
  readonly keys: Map<string, S3Key>;
  readonly buckets: Map<string, S3Bucket>;
  /** What was asked, oldest first. Refused requests are in it too. */
  readonly requests: S3Request[];
}

const REGION = "us-east-1";
const ACCESS_KEY_ID = "TESTACCESSKEY";
const SECRET_ACCESS_KEY = "canary-secret-access-key";

/**
 * Starts a server that speaks as much of S3 as hexz uses: signatures in header and query, ranges, conditions, versions, ListObjectsV2 and multipart
 * uploads, path style. The same tests run against it and against a real server, so that the two cannot drift apart.
 */
export async function startS3Server({ intercept, nowMs = Date.now }: S3ServerOptions = {}): Promise<S3Server> {
  const keys = new Map<string, S3Key>([[ACCESS_KEY_ID, { secretAccessKey: SECRET_ACCESS_KEY }]]);
  const buckets = new Map<string, S3Bucket>();
  const requests: S3Request[] = [];

  async function answer(message: IncomingMessage): Promise<Reply> {
    const url = new URL(message.url ?? "/", "http://host");
    const [, bucket = "", key = ""] = /^\/([^/]*)\/?(.*)$/s.exec(url.pathname) ?? [];
    const body = Buffer.concat(await message.toArray());
    const { method = "GET", headers } = message;
    const facts = { method, bucket, key: decodeURIComponent(key), query: url.searchParams, headers, body };
    let signedBy: string | undefined;
    try {
      signedBy = verifySignature({ method, url, headers, body }, { keys, region: REGION, nowMs: nowMs() });
    } finally {
      requests.push({ ...facts, signedBy });
    }
    const request = { ...facts, signedBy };
    const serveIt = () => serve(request, buckets, nowMs());
    return intercept === undefined ? serveIt() : await intercept(request, serveIt);
  }

  const server = createServer((message, response) => {
    answer(message)
      .catch(failureReply)
      .then((reply) => send(message, response, reply));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on a port
  return {
    endpoint: `http://127.0.0.1:${port}`,
    region: REGION,
    accessKeyId: ACCESS_KEY_ID,
    secretAccessKey: SECRET_ACCESS_KEY,
    keys,
    buckets,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function serve(request: S3Request, buckets: Map<string, S3Bucket>, nowMs: number): Reply {
  const { method, key } = request;
  if (key === "" && method === "PUT" && request.query.size === 0) {
    buckets.set(request.bucket, buckets.get(request.bucket) ?? new S3Bucket());
    return { status: 200 };
  }
  const bucket = buckets.get(request.bucket);
  if (bucket === undefined) throw new S3Failure(404, "NoSuchBucket", "The specified bucket does not exist.");
  const isRead = key !== "" && (method === "GET" || method === "HEAD");
  if (request.signedBy === undefined && !(isRead && bucket.isPublic))
    throw new S3Failure(403, "AccessDenied", "Access Denied");
  if (key === "") return serveBucket(request, bucket);
  const operation = OPERATIONS.get(`${method}${uploadOperation(request.query)}`);
  if (operation === undefined) throw new S3Failure(405, "MethodNotAllowed", "The method is not allowed.");
  return operation(request, bucket, nowMs);
}

function serveBucket({ method, query, body }: S3Request, bucket: S3Bucket): Reply {
  if (method === "PUT" && query.has("versioning")) {
    bucket.isVersioned = body.toString().includes("<Status>Enabled</Status>");
    return { status: 200 };
  }
  if (method === "PUT" && query.has("policy")) {
    bucket.isPublic = body.toString().includes("s3:GetObject");
    return { status: 204 };
  }
  if (method === "GET" && query.has("uploads")) return listUploads(query, bucket);
  if (method === "GET" && query.get("list-type") === "2") return listObjects(query, bucket);
  throw new S3Failure(405, "MethodNotAllowed", "The method is not allowed.");
}

type Operation = (request: S3Request, bucket: S3Bucket, nowMs: number) => Reply;

/** What is done with a key, by method and the query that marks a multipart call. */
const OPERATIONS: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ["GET", getObject],
  ["HEAD", getObject],
  ["PUT", putObject],
  ["DELETE", deleteObject],
  ["POST?uploads", createUpload],
  ["PUT?uploadId", putPart],
  ["GET?uploadId", listParts],
  ["POST?uploadId", completeUpload],
  ["DELETE?uploadId", abortUpload],
]);

function uploadOperation(query: URLSearchParams): string {
  return query.has("uploads") ? "?uploads" : query.has("uploadId") ? "?uploadId" : "";
}

function getObject({ key, query, headers }: S3Request, bucket: S3Bucket): Reply {
  const object = bucket.object(key, query.get("versionId") ?? undefined);
  if (headers["if-match"] !== undefined && headers["if-match"] !== object.etag) throw preconditionFailed();
  const facts = { ...objectHeaders(object), "accept-ranges": "bytes", "content-type": "application/octet-stream" };
  const range = headers.range === undefined ? undefined : parseRange(headers.range, object.bytes.length);
  if (range === undefined) return { status: 200, headers: facts, body: object.bytes };
  const [start, end] = range;
  const contentRange = `bytes ${start}-${end - 1}/${object.bytes.length}`;
  return { status: 206, headers: { ...facts, "content-range": contentRange }, body: object.bytes.subarray(start, end) };
}

/** `[start, end)` of a range header; undefined for one S3 ignores. */
function parseRange(text: string, size: number): readonly [number, number] | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(text);
  if (match === null || text === "bytes=-") return undefined;
  const [, first = "", last = ""] = match;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (start < end) return [start, end];
  throw new S3Failure(416, "InvalidRange", "The requested range is not satisfiable");
}

function putObject({ key, headers, body }: S3Request, bucket: S3Bucket, nowMs: number): Reply {
  const object = bucket.put(key, body, condition(headers), nowMs);
  return { status: 200, headers: objectHeaders(object) };
}

function deleteObject({ key }: S3Request, bucket: S3Bucket): Reply {
  bucket.delete(key);
  return { status: 204 };
}

function createUpload({ bucket: name, key }: S3Request, bucket: S3Bucket): Reply {
  const { id } = bucket.createUpload(key);
  return document(
    "InitiateMultipartUploadResult",
    element("Bucket", name),
    element("Key", key),
    element("UploadId", id),
  );
}

function putPart({ key, query, body }: S3Request, bucket: S3Bucket): Reply {
  const upload = bucket.upload(query.get("uploadId") ?? "", key);
  const { etag } = bucket.putPart(upload, Number(query.get("partNumber")), body);
  return { status: 200, headers: { etag } };
}

function listParts({ key, query }: S3Request, bucket: S3Bucket): Reply {
  const upload = bucket.upload(query.get("uploadId") ?? "", key);
  const parts = [...upload.parts].sort(([a], [b]) => a - b);
  return document(
    "ListPartsResult",
    element("UploadId", upload.id),
    element("IsTruncated", "false"),
    ...parts.map(([number, { bytes, etag }]) =>
      wrap("Part", element("PartNumber", `${number}`), element("ETag", etag), element("Size", `${bytes.length}`)),
    ),
  );
}

function completeUpload(
  { bucket: name, key, query, headers, body }: S3Request,
  bucket: S3Bucket,
  nowMs: number,
): Reply {
  const upload = bucket.upload(query.get("uploadId") ?? "", key);
  const named = [...body.toString().matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = ""]) => ({
    number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
    etag: `"${/<ETag>(?:&quot;|")?([^&"<]+)/.exec(part)?.[1]}"`,
  }));
  const object = bucket.complete(upload, named, condition(headers), nowMs);
  const reply = document(
    "CompleteMultipartUploadResult",
    element("Bucket", name),
    element("Key", key),
    element("ETag", object.etag),
  );
  return { ...reply, headers: { ...reply.headers, ...objectHeaders(object) } };
}

function abortUpload({ key, query }: S3Request, bucket: S3Bucket): Reply {
  bucket.uploads.delete(bucket.upload(query.get("uploadId") ?? "", key).id);
  return { status: 204 };
}

function listUploads(query: URLSearchParams, bucket: S3Bucket): Reply {
  const uploads = [...bucket.uploads.values()].filter(({ key }) => key.startsWith(query.get("prefix") ?? ""));
  return document(
    "ListMultipartUploadsResult",
    element("IsTruncated", "false"),
    ...uploads.map(({ id, key }) => wrap("Upload", element("Key", key), element("UploadId", id))),
  );
}

function listObjects(query: URLSearchParams, bucket: S3Bucket): Reply {
  const keys = bucket.keys().filter((key) => key.startsWith(query.get("prefix") ?? ""));
  return document(
    "ListBucketResult",
    element("KeyCount", `${keys.length}`),
    element("IsTruncated", "false"),
    ...keys.map((key) => wrap("Contents", element("Key", key), element("Size", `${bucket.newest(key)?.bytes.length}`))),
  );
}

function condition(headers: IncomingMessage["headers"]) {
  return { ifNoneMatch: headers["if-none-match"], ifMatch: headers["if-match"] };
}

function objectHeaders({ etag, modifiedMs, versionId }: StoredObject): Record<string, string> {
  const version = versionId === "null" ? {} : { "x-amz-version-id": versionId };
  return { etag, "last-modified": new Date(modifiedMs).toUTCString(), ...version };
}

function element(name: string, text: string): string {
  const escaped = text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  return `<${name}>${escaped}</${name}>`;
}

function wrap(name: string, ...children: readonly string[]): string {
  return `<${name}>${children.join("")}</${name}>`;
}

function document(name: string, ...children: readonly string[]): Reply {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n${wrap(name, ...children)}`;
  return { status: 200, headers: { "content-type": "application/xml" }, body };
}

function failureReply(error: unknown): Reply {
  const failure = error instanceof S3Failure ? error : new S3Failure(500, "InternalError", String(error));
  const details = Object.entries(failure.details).map(([name, text]) => element(name, text));
  const children = [element("Code", failure.code), element("Message", failure.message), ...details];
  return { ...document("Error", ...children), status: failure.status };
}

function send({ method }: IncomingMessage, response: ServerResponse, { status, headers = {}, body = "" }: Reply): void {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const length = status === 204 ? {} : { "content-length": bytes.length };
  response.writeHead(status, { ...headers, ...length, "x-amz-request-id": "TEST0REQUEST" });
  response.end(method === "HEAD" ? undefined : bytes);
}
