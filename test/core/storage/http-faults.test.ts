import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openHttpSource } from "../../../src/core/storage/http.js";
import type { StorageOptions } from "../../../src/core/storage/index.js";
import { type Fault, type FaultProxy, faultAt, openFaultProxy } from "../../support/fault-proxy.js";
import { openRangeServer, type RangeServer } from "../../support/range-server.js";

const FILE = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 131 + (i >> 8)) & 255);
const SECRET = "canary-7f3a";
/** A read behind the first 64 KiB, so that it costs a request. */
const OFFSET = 100_000;
const LENGTH = 50_000;

let server: RangeServer;
let proxy: FaultProxy;
beforeAll(async () => {
  server = await openRangeServer({ "/data.hxz": { bytes: FILE, etag: '"one"' } });
});
afterAll(() => server.close());
beforeEach(async () => {
  proxy = await openFaultProxy(server.url);
});
afterEach(() => proxy.close());

function open(options: StorageOptions = {}) {
  const url = new URL(proxy.urlOf(`/data.hxz?signature=${SECRET}`));
  const headers = { authorization: `Bearer ${SECRET}` };
  // No pause between attempts: they are what is counted.
  return openHttpSource(url, { allowPrivate: true, headers, ...options }, { random: () => 0 });
}

async function readOnce(options: StorageOptions): Promise<Uint8Array> {
  await using source = await open(options);
  const target = new Uint8Array(LENGTH);
  await source.readInto(OFFSET, target);
  return target;
}

function isRight(bytes: Uint8Array): boolean {
  return Buffer.compare(bytes, FILE.subarray(OFFSET, OFFSET + LENGTH)) === 0;
}

/** The code of what `work` rejects with, after looking for secrets in everything it says. */
async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => new Error("no error"),
    (caught: unknown) => caught,
  );
  const told: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    told.push(String(at), at.stack ?? "", JSON.stringify({ ...at }));
  }
  expect(told.join("\n")).not.toContain(SECRET);
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

interface Case {
  readonly name: string;
  readonly fault: Fault;
  /** What a request that is never answered otherwise ends as. */
  readonly code: string;
  /** Where the first request, which learns what the server can do, ends otherwise. @default code */
  readonly atOpen?: string;
  /** It is final: it is not tried again, at open or at all. */
  readonly isFinal?: "at open" | "always";
  /** Each try gets so much further that a read ends well in three. */
  readonly progresses?: boolean;
}

const broken: readonly Case[] = [
  { name: "refuse", fault: { kind: "refuse" }, code: "E_NETWORK" },
  ...[0, 1, LENGTH / 2, LENGTH - 1].map(
    (atByte): Case => ({
      name: `reset at byte ${atByte}`,
      fault: { kind: "reset", atByte },
      code: "E_NETWORK",
      progresses: atByte > 1,
    }),
  ),
  { name: "early FIN below Content-Length", fault: { kind: "fin", atByte: 400, framing: "length" }, code: "E_NETWORK" },
  { name: "short chunked body", fault: { kind: "fin", atByte: 400, framing: "chunked" }, code: "E_SHORT_READ" },
  { name: "short body to the close", fault: { kind: "fin", atByte: 400, framing: "close" }, code: "E_SHORT_READ" },
  { name: "empty body", fault: { kind: "fin", atByte: 0, framing: "chunked" }, code: "E_SHORT_READ" },
  { name: "extra bytes", fault: { kind: "extra", bytes: 3 }, code: "E_RANGE" },
];
const statuses: readonly Case[] = [
  ...[408, 425, 429, 500, 502, 503, 504].map(
    (status): Case => ({
      name: `status ${status}`,
      fault: { kind: "status", status, headers: { "retry-after": "0" } },
      code: "E_HTTP",
    }),
  ),
  ...(
    [
      [400, "E_HTTP"],
      [401, "E_ACCESS"],
      [403, "E_ACCESS"],
      [404, "E_NOT_FOUND"],
      [410, "E_NOT_FOUND"],
      [501, "E_HTTP"],
    ] as const
  ).map(
    ([status, code]): Case => ({
      name: `status ${status}`,
      fault: { kind: "status", status },
      code,
      isFinal: "always",
    }),
  ),
  ...[412, 416].map(
    (status): Case => ({
      name: `status ${status}`,
      fault: { kind: "status", status },
      code: "E_SOURCE_CHANGED",
      atOpen: "E_HTTP",
      isFinal: "always",
    }),
  ),
];
const head = (headers: Record<string, string | undefined>, status?: number): Fault =>
  status === undefined ? { kind: "head", headers } : { kind: "head", headers, status };
const ranges: readonly Case[] = [
  { name: "200 for 206", fault: { kind: "whole" }, code: "E_RANGE", isFinal: "at open" },
  { name: "200 with the body of the range", fault: head({}, 200), code: "E_RANGE", isFinal: "at open" },
  { name: "no Content-Range", fault: head({ "content-range": undefined }), code: "E_RANGE", isFinal: "at open" },
  {
    name: "another range",
    fault: head({ "content-range": `bytes 5-${LENGTH + 4}/300000` }),
    code: "E_RANGE",
    isFinal: "at open",
  },
  {
    name: "a range of unknown total",
    fault: head({ "content-range": "bytes 0-65535/*" }),
    code: "E_RANGE",
    isFinal: "at open",
  },
  {
    name: "two ranges",
    fault: head({ "content-type": "multipart/byteranges; boundary=x" }),
    code: "E_RANGE",
    isFinal: "at open",
  },
  { name: "a compressed body", fault: head({ "content-encoding": "gzip" }), code: "E_RANGE", isFinal: "at open" },
];

describe("a fault that passes", () => {
  it.each([...broken, ...statuses, ...ranges].filter(({ isFinal }) => isFinal !== "always"))(
    "in a read: $name",
    async ({ fault }) => {
      proxy.script = faultAt(fault, 1);
      expect(isRight(await readOnce({}))).toBe(true);
      expect(proxy.requests).toHaveLength(3);
      const [first, second] = proxy.requests.slice(1).map(({ range }) => range);
      expect(first).toEqual([OFFSET, OFFSET + LENGTH]);
      // What arrived is not asked for again.
      expect(second?.[1]).toBe(OFFSET + LENGTH);
      if (fault.kind === "fin") expect(second?.[0]).toBe(OFFSET + fault.atByte);
    },
  );

  it.each([...broken, ...statuses].filter(({ isFinal }) => isFinal === undefined))(
    "in the opening: $name",
    async ({ fault }) => {
      proxy.script = faultAt(fault);
      expect(isRight(await readOnce({}))).toBe(true);
      expect(proxy.requests).toHaveLength(3);
    },
  );
});

describe("a fault that stays", () => {
  it.each(broken.filter(({ progresses }) => progresses))(
    "in a read that gets further each time: $name",
    async ({ fault }) => {
      proxy.script = ({ index }) => (index >= 1 ? fault : undefined);
      expect(isRight(await readOnce({ attempts: 3 }))).toBe(true);
    },
  );

  const staying = [...broken, ...statuses, ...ranges].filter(({ progresses = false }) => !progresses);
  it.each(staying)("in a read: $name", async ({ fault, code, isFinal }) => {
    proxy.script = ({ index }) => (index >= 1 ? fault : undefined);
    expect(await codeOf(readOnce({ attempts: 3 }))).toBe(code);
    expect(proxy.requests).toHaveLength(isFinal === "always" ? 2 : 4);
  });

  it.each([...broken, ...statuses, ...ranges])("in the opening: $name", async ({ fault, code, atOpen, isFinal }) => {
    proxy.script = () => fault;
    expect(await codeOf(readOnce({ attempts: 3 }))).toBe(atOpen ?? code);
    expect(proxy.requests).toHaveLength(isFinal === undefined ? 3 : 1);
  });
});

it("the opening is tried five times at most: somebody waits for it", async () => {
  proxy.script = () => ({ kind: "refuse" });
  expect(await codeOf(open())).toBe("E_NETWORK");
  expect(proxy.requests).toHaveLength(5);
});

describe("a server that does not answer", () => {
  const silent: readonly Case[] = [
    { name: "no head", fault: { kind: "stall" }, code: "E_TIMEOUT" },
    { name: "no body", fault: { kind: "stall", atByte: 0 }, code: "E_TIMEOUT" },
    { name: "half a body", fault: { kind: "stall", atByte: LENGTH / 2 }, code: "E_TIMEOUT" },
    { name: "a body that drips", fault: { kind: "drip", everyMs: 5 }, code: "E_TIMEOUT" },
  ];
  const short = { firstByteTimeoutMs: 300, idleTimeoutMs: 300, attemptTimeoutMs: 600 };

  it.each(silent)("ends in time: $name", async ({ fault, code }) => {
    proxy.script = () => fault;
    expect(await codeOf(open({ ...short, attempts: 2 }))).toBe(code);
  });

  it.each(silent)("is asked again: $name", async ({ fault }) => {
    proxy.script = faultAt(fault, 1);
    expect(isRight(await readOnce(short))).toBe(true);
  });

  it.each(silent)("does not outlast the time for a whole read: $name", async ({ fault }) => {
    proxy.script = () => fault;
    expect(await codeOf(open({ timeoutMs: 1000 }))).toBe("E_TIMEOUT");
    proxy.script = () => undefined;
    await using source = await open({ timeoutMs: 1000 });
    proxy.script = () => fault;
    expect(await codeOf(source.readInto(OFFSET, new Uint8Array(LENGTH)))).toBe("E_TIMEOUT");
  });

  it("cannot be reached at all", async () => {
    await proxy.close();
    expect(await codeOf(open({ attempts: 2 }))).toBe("E_NETWORK");
  });
});

describe("a source that changed", () => {
  const changes: Readonly<Record<string, Fault>> = {
    "another ETag": head({ etag: '"two"' }),
    "no ETag any more": head({ etag: undefined }),
    "a weak ETag": head({ etag: 'W/"one"' }),
    "another size": head({ "content-range": `bytes ${OFFSET}-${OFFSET + LENGTH - 1}/300001` }),
    "another ETag of the whole": head({ etag: '"two"' }, 200),
  };
  it.each(Object.entries(changes))("is refused at once: %s", async (_, fault) => {
    proxy.script = ({ index }) => (index >= 1 ? fault : undefined);
    expect(await codeOf(readOnce({}))).toBe("E_SOURCE_CHANGED");
    expect(proxy.requests).toHaveLength(2);
  });

  it.each(["honoured", "ignored"])(
    "before any request k of many, If-Match %s: an error, and never a byte of the new one",
    async (how) => {
      const other = FILE.map((byte) => byte ^ 255);
      for (let k = 1; k < 6; k++) {
        proxy.reset();
        server.files.set("/data.hxz", { bytes: FILE, etag: '"one"' });
        server.intercept = (request) => {
          if (how === "ignored") delete request.headers["if-match"];
          return false;
        };
        await using source = await open();
        let failed = 0;
        for (let i = 1; i < 6; i++) {
          if (i === k) server.files.set("/data.hxz", { bytes: other, etag: '"two"' });
          const target = new Uint8Array(1000);
          const at = 70_000 + i * 2000;
          const code = await source.readInto(at, target).then(
            () => "",
            (error) => error.code,
          );
          if (i < k) expect(Buffer.compare(target, FILE.subarray(at, at + 1000))).toBe(0);
          else expect(target.every((byte) => byte === 0)).toBe(true);
          failed += code === "E_SOURCE_CHANGED" ? 1 : 0;
        }
        expect(failed).toBe(6 - k);
      }
      server.files.set("/data.hxz", { bytes: FILE, etag: '"one"' });
      server.intercept = undefined;
    },
  );
});

it("gives right bytes through a slow network", async () => {
  proxy.script = () => ({ kind: "slow", latencyMs: 5, bytesPerSecond: 5_000_000 });
  expect(isRight(await readOnce({}))).toBe(true);
});

it("leaves no socket behind after aborts, failures and close", async () => {
  const source = await open({ attempts: 1 });
  proxy.script = ({ index }) =>
    index % 3 === 0 ? { kind: "stall", atByte: 10 } : index % 3 === 1 ? { kind: "status", status: 500 } : undefined;
  const controller = new AbortController();
  const reading = Array.from({ length: 60 }, (_, i) =>
    source.readInto(70_000 + i * 3000, new Uint8Array(1000), { signal: controller.signal }),
  );
  const outcomes = Promise.allSettled(reading);
  await Promise.race(reading.map((one) => one.catch(() => {})));
  controller.abort(new Error("enough"));
  await outcomes;
  await source.close();
  // The server hears of the end a moment later.
  while (proxy.openSockets > 0) await new Promise((resolve) => setImmediate(resolve));
  expect(proxy.mostInFlight).toBeLessThanOrEqual(16 + 1);
});
