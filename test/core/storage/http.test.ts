import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openHttpSource } from "../../../src/core/storage/http.js";
import { type AuthRequest, openSource, type StorageOptions } from "../../../src/core/storage/index.js";
import { openRangeServer, type RangeServer, type ServedFile } from "../../support/range-server.js";
import { storageConformance } from "./conformance.js";

const FILE = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 131 + (i >> 8)) & 255);
const DATE = "Mon, 24 Nov 2025 10:00:00 GMT";

let server: RangeServer;
let other: RangeServer;
beforeAll(async () => {
  server = await openRangeServer({});
  other = await openRangeServer({});
});
beforeEach(() => {
  for (const one of [server, other]) {
    one.intercept = undefined;
    one.files.set("/data.hxz", { bytes: FILE, etag: '"one"', lastModified: DATE });
    one.requests.length = 0;
  }
});
afterEach(() => {
  server.intercept = undefined;
});
afterAll(() => Promise.all([server.close(), other.close()]));

const open = (path = "/data.hxz", options: StorageOptions = {}) =>
  openHttpSource(new URL(server.urlOf(path)), { allowPrivate: true, attempts: 1, ...options });

async function expectRange(source: Awaited<ReturnType<typeof open>>, offset: number, length: number) {
  const target = new Uint8Array(length);
  await source.readInto(offset, target);
  expect(Buffer.compare(target, FILE.subarray(offset, offset + length))).toBe(0);
}

storageConformance("http", async (bytes) => {
  server.files.set("/source", { bytes, etag: '"one"' });
  return open("/source");
});

describe("opening", () => {
  it("costs one request, which serves the first 64 KiB from then on", async () => {
    await using source = await open();
    await expectRange(source, 0, 65_536);
    await expectRange(source, 60_000, 10);
    expect(server.requests).toHaveLength(1);
    await expectRange(source, 65_530, 10);
    expect(server.requests).toHaveLength(2);
    expect(source.stats?.()).toMatchObject({ requests: 2, bytes: 65_536 + 4, errors: 0, inFlight: 0 });
  });

  it("gives name, size and an identity of size and version", async () => {
    await using source = await open("/data.hxz?token=secret");
    expect(source.name).toBe(`${server.url.href}data.hxz?…`);
    expect([source.size, source.descriptor]).toEqual([FILE.length, undefined]);
    server.files.set("/data.hxz", { bytes: FILE, etag: '"two"' });
    await using changed = await open("/data.hxz?token=secret");
    expect(changed.identity).not.toBe(source.identity);
  });

  it("takes a small and an empty file", async () => {
    for (const bytes of [Uint8Array.of(1, 2, 3), new Uint8Array(0)]) {
      server.files.set("/small", { bytes, etag: '"small"' });
      await using source = await open("/small");
      const target = new Uint8Array(bytes.length);
      await source.readInto(0, target);
      expect([source.size, [...target]]).toEqual([bytes.length, [...bytes]]);
      await expect(source.readInto(0, new Uint8Array(bytes.length + 1))).rejects.toThrow(RangeError);
    }
  });

  it("says so where it gets a web page, or all of a file", async () => {
    server.intercept = (_, response) => {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<html>".repeat(100_000));
      return true;
    };
    await expect(open()).rejects.toThrow(/data\.hxz is a web page, not a file/);
    server.intercept = (_, response) => {
      response.writeHead(200).end("x".repeat(100));
      return true;
    };
    await expect(open()).rejects.toThrow(/must support range requests/);
  });

  it("stops at an aborted signal, before and within the request", async () => {
    const url = new URL(server.urlOf("/data.hxz"));
    const signal = AbortSignal.abort(new Error("stop"));
    await expect(openSource(url, { allowPrivate: true, signal })).rejects.toThrow("stop");
    expect(server.requests).toHaveLength(0);
    const controller = new AbortController();
    server.intercept = () => {
      controller.abort(new Error("stop"));
      return true;
    };
    await expect(openSource(url, { allowPrivate: true, signal: controller.signal })).rejects.toThrow("stop");
  });

  it("refuses a password in the address, and shows none of it", async () => {
    for (const where of [
      "http://user:canary@127.0.0.1/x",
      "https://canary@host/x",
      "http://user:canary@/",
      "http://u:canary@[::1/x",
    ]) {
      const error: unknown = await openSource(where).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(TypeError);
      expect(inspect(error)).not.toContain("canary");
    }
  });
});

describe("the version", () => {
  const versions: readonly (readonly [string, Partial<ServedFile>, Record<string, string>])[] = [
    ["a strong ETag", { etag: '"one"', lastModified: DATE }, { "if-match": '"one"' }],
    ["a date", { lastModified: DATE }, { "if-unmodified-since": DATE }],
    ["a date and a weak ETag", { etag: 'W/"one"', lastModified: DATE }, { "if-unmodified-since": DATE }],
    ["a weak ETag", { etag: 'W/"one"' }, {}],
  ];
  it.each(versions)("is pinned by %s", async (_, file, condition) => {
    server.files.set("/pinned", { bytes: FILE, ...file });
    await using source = await open("/pinned");
    await expectRange(source, 100_000, 10);
    expect(server.requests[0]?.headers).not.toHaveProperty("if-match");
    expect(server.requests[1]?.headers).toMatchObject({
      range: "bytes=100000-100009",
      "accept-encoding": "identity",
      ...condition,
    });
    const changed = { ...(file.etag === undefined ? {} : { etag: file.etag.replace("one", "two") }) };
    const later = { ...(file.lastModified === undefined ? {} : { lastModified: "Mon, 24 Nov 2025 10:00:01 GMT" }) };
    server.files.set("/pinned", { bytes: FILE, ...changed, ...later });
    await expect(source.readInto(100_000, new Uint8Array(10))).rejects.toMatchObject({ code: "E_SOURCE_CHANGED" });
  });

  it("is asked for where a server gives none, unless the caller does without", async () => {
    server.files.set("/unpinned", { bytes: FILE });
    await expect(open("/unpinned")).rejects.toThrow(/neither ETag nor Last-Modified.*storage\.allowUnpinned/);
    await using source = await open("/unpinned", { allowUnpinned: true });
    await expectRange(source, 100_000, 10);
    server.files.set("/unpinned", { bytes: FILE.subarray(1) });
    await expect(source.readInto(100_000, new Uint8Array(10))).rejects.toMatchObject({ code: "E_SOURCE_CHANGED" });
  });
});

describe("reads", () => {
  it("of neighbours share a request, whoever waits for them", async () => {
    await using source = await open();
    await Promise.all(Array.from({ length: 20 }, (_, i) => expectRange(source, 70_000 + i * 5000, 4000)));
    expect(server.requests).toHaveLength(2);
    expect(server.requests[1]?.headers.range).toBe("bytes=70000-168999");
  });

  it("are as many as the options say", async () => {
    await using source = await open("/data.hxz", { coalesce: { gapBytes: 0, requestBytes: 10_000 } });
    await expectRange(source, 100_000, 40_000);
    expect(server.requests).toHaveLength(5);
  });
});

describe("headers and credentials", () => {
  it("are sent with every request", async () => {
    await using source = await open("/data.hxz", {
      headers: { "X-Api-Key": "k" },
      auth: async () => ({ Authorization: "Bearer t" }),
    });
    await expectRange(source, 100_000, 10);
    for (const { headers } of server.requests)
      expect(headers).toMatchObject({ "x-api-key": "k", authorization: "Bearer t" });
  });

  it.each([401, 403])(
    "are refreshed once for all requests in flight (%i), and again when they expire again",
    async (status) => {
      let valid = 0;
      let refreshes = 0;
      const asked: AuthRequest[] = [];
      let token = 0;
      const auth = async (request: AuthRequest) => {
        asked.push(request);
        if (request.refresh) {
          refreshes++;
          await new Promise((resolve) => setImmediate(resolve));
          token = valid;
        }
        return { authorization: `Bearer ${token}` };
      };
      server.intercept = (request, response) => {
        if (request.headers.authorization === `Bearer ${valid}`) return false;
        response.writeHead(status, { "content-length": 0 }).end();
        return true;
      };
      await using source = await open("/data.hxz", { auth, coalesce: { gapBytes: 0 } });
      for (let round = 1; round <= 3; round++) {
        valid = round;
        await Promise.all(Array.from({ length: 16 }, (_, i) => expectRange(source, 70_000 + i * 5000, 100)));
        expect(refreshes).toBe(round);
      }
      expect(asked[0]).toMatchObject({ url: server.urlOf("/data.hxz"), refresh: false });
    },
  );

  it("that stay wrong are an error after one refresh", async () => {
    const refreshed: boolean[] = [];
    server.intercept = (_, response) => {
      response.writeHead(403, { "content-length": 0 }).end();
      return true;
    };
    const auth = ({ refresh }: AuthRequest) => {
      refreshed.push(refresh);
      return { authorization: "Bearer wrong" };
    };
    await expect(open("/data.hxz", { auth })).rejects.toMatchObject({ code: "E_ACCESS", context: { status: 403 } });
    expect(refreshed).toEqual([false, true, false]);
    expect(server.requests).toHaveLength(2);
  });

  it("that cannot be had are an error with the cause; what is no header is a TypeError without its value", async () => {
    const cause = new Error("no token today");
    const auth = () => Promise.reject(cause);
    await expect(open("/data.hxz", { auth })).rejects.toMatchObject({ code: "E_ACCESS", cause });
    const bad: unknown[] = [
      { authorization: "canary\n" },
      { authorization: 5 },
      "canary",
      { "bad name": "canary" },
      { range: "canary" },
    ];
    for (const headers of bad) {
      for (const options of [{ headers }, { auth: () => headers }]) {
        const error: unknown = await open("/data.hxz", options as StorageOptions).catch((caught: unknown) => caught);
        expect(error).toBeInstanceOf(TypeError);
        if (typeof headers === "object") expect(inspect(error)).not.toContain("canary");
      }
    }
  });

  it("a callback that never answers does not outlast the time of a read", async () => {
    const auth = () => new Promise<never>(() => {});
    await expect(open("/data.hxz", { auth, timeoutMs: 50 })).rejects.toMatchObject({ code: "E_TIMEOUT" });
  });

  it("are nowhere to be seen in a source", async () => {
    await using source = await open("/data.hxz?sig=canary", {
      headers: { authorization: "canary" },
      auth: () => ({ cookie: "canary" }),
    });
    expect(inspect(source, { depth: 10, showHidden: true })).not.toContain("canary");
    expect(JSON.stringify(source)).not.toContain("canary");
  });
});

describe("redirects", () => {
  const redirectTo = (to: string | (() => string), status = 302, from = "/moved") => {
    server.intercept = (request, response) => {
      if (!request.url?.startsWith(from)) return false;
      response.writeHead(status, { location: typeof to === "string" ? to : to(), "content-length": 0 }).end();
      return true;
    };
  };

  it.each([301, 302, 303, 307, 308])("are followed (%i), once for all reads", async (status) => {
    redirectTo("/data.hxz", status);
    await using source = await open("/moved");
    await expectRange(source, 100_000, 10);
    await expectRange(source, 150_000, 10);
    expect(server.requests.map(({ path }) => path)).toEqual(["/moved", "/data.hxz", "/data.hxz", "/data.hxz"]);
    expect(source.name).toBe(server.urlOf("/moved"));
  });

  it("to another origin take no header of the caller's along", async () => {
    redirectTo(other.urlOf("/data.hxz?sig=1"));
    let asked = 0;
    const auth = () => ({ cookie: `c${asked++}` });
    await using source = await open("/moved", { headers: { authorization: "Bearer t", "x-api-key": "k" }, auth });
    await expectRange(source, 100_000, 10);
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.headers).toMatchObject({ authorization: "Bearer t", "x-api-key": "k", cookie: "c0" });
    expect(other.requests).toHaveLength(2);
    for (const { headers } of other.requests) {
      expect(headers).not.toHaveProperty("authorization");
      expect(headers).not.toHaveProperty("x-api-key");
      expect(headers).not.toHaveProperty("cookie");
    }
  });

  it("that led to an address good for a while are followed anew", async () => {
    let valid = 1;
    redirectTo(() => other.urlOf(`/data.hxz?sig=${valid}`));
    other.intercept = (request, response) => {
      if (request.url?.endsWith(`sig=${valid}`)) return false;
      response.writeHead(403, { "content-length": 0 }).end();
      return true;
    };
    await using source = await open("/moved");
    await expectRange(source, 100_000, 10);
    valid = 2;
    await expectRange(source, 120_000, 10);
    await expectRange(source, 140_000, 10);
    expect([server.requests.length, other.requests.length]).toEqual([2, 5]);
  });

  it.each([
    ["in a circle", "/moved"],
    ["without an address", ""],
    ["to no address", "http://["],
    ["to another scheme", "ftp://host/x?sig=canary"],
    ["to a file", "file:///etc/passwd"],
    ["to a password", "http://user:canary@127.0.0.1/"],
  ])("%s are not followed", async (_, to) => {
    redirectTo(to);
    const error: unknown = await open("/moved").catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "E_ADDRESS" });
    expect(inspect(error)).not.toContain("canary");
    expect(server.requests.length).toBeLessThanOrEqual(6);
  });

  it("without range support at their end are an error", async () => {
    redirectTo(other.urlOf("/none"));
    await expect(open("/moved")).rejects.toMatchObject({ code: "E_NOT_FOUND" });
  });
});

describe("private addresses", () => {
  it("are refused unless allowed, by address and by name, before anything is sent", async () => {
    const { port } = server.url;
    for (const host of ["127.0.0.1", "localhost", "[::1]", "0x7f000001", "169.254.169.254", "10.0.0.1"]) {
      const error: unknown = await openSource(`http://${host}:${port}/data.hxz`).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: "E_ADDRESS" });
      expect(String(error)).toMatch(/not a public address; set storage\.allowPrivate/);
    }
    expect(server.requests).toHaveLength(0);
    await using source = await openSource(`http://localhost:${port}/data.hxz`, { allowPrivate: true });
    expect(source.size).toBe(FILE.length);
  });
});

describe("options.storage", () => {
  const wrong: readonly (readonly [Record<string, unknown>, RegExp])[] = [
    [{ header: {} }, /options\.storage\.header is not an option/],
    [{ headers: [] }, /options\.storage\.headers must be an object/],
    [{ auth: "token" }, /options\.storage\.auth must be a function/],
    [{ allowPrivate: 1 }, /options\.storage\.allowPrivate must be true or false/],
    [{ timeoutMs: 0 }, /options\.storage\.timeoutMs must be an integer from 1/],
    [{ attempts: 1.5 }, /options\.storage\.attempts must be an integer >= 1/],
    [{ coalesce: { gap: 1 } }, /options\.storage\.coalesce\.gap is not an option/],
    [{ coalesce: { gapBytes: -1 } }, /options\.storage\.coalesce\.gapBytes must be/],
    [{ coalesce: { requestBytes: 0 } }, /options\.storage\.coalesce\.requestBytes must be/],
    [{ coalesce: { waste: 2 } }, /options\.storage\.coalesce\.waste must be from 0 to 1/],
  ];
  it.each(wrong)("%j is refused by name, for files too", async (options, message) => {
    for (const where of [server.urlOf("/data.hxz"), "package.json"]) {
      await expect(openSource(where, options as StorageOptions)).rejects.toThrow(message);
    }
  });
});
