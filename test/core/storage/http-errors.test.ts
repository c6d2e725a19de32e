import { describe, expect, it } from "vitest";
import { networkError, remoteFailure, statusError, timeoutError } from "../../../src/core/storage/http-errors.js";
import { HexzError } from "../../../src/errors.js";

const system = (code: string) => Object.assign(new Error("system"), { code });

describe("networkError", () => {
  it.each(["ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "EAI_AGAIN", "EPIPE", "EHOSTUNREACH", "UND_ERR_SOCKET"])(
    "%s may pass",
    (code) => {
      expect(networkError("http://h/x", system(code), 3)).toMatchObject({
        code: "E_NETWORK",
        context: { source: "http://h/x", system: code, transient: true, receivedBytes: 3 },
      });
    },
  );

  it.each([
    "CERT_HAS_EXPIRED",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  ])("%s stays", (code) => {
    const error = networkError("x", system(code), 0);
    expect(remoteFailure(error).transient).toBe(false);
    expect(error.message).toContain("certificate is not trusted");
  });

  it("looks into an error that holds several, and says what it can of anything", () => {
    const both = new AggregateError([system("ECONNREFUSED"), system("ENETUNREACH")]);
    expect(networkError("x", both, 0).message).toBe(
      "x cannot be read: the server refuses the connection; check host and port",
    );
    expect(networkError("x", "odd", 0).context.system).toBe("unknown");
  });
});

describe("statusError", () => {
  const retryAfter = (headers: Record<string, string>, status = 503) =>
    statusError("x", { status, headers }).context.retryAfterMs;

  it("knows how long to wait: seconds, or a date on the server's own clock", () => {
    expect(retryAfter({ "retry-after": "7" })).toBe(7000);
    const date = "Mon, 24 Nov 2025 10:00:00 GMT";
    expect(retryAfter({ "retry-after": "Mon, 24 Nov 2025 10:00:30 GMT", date })).toBe(30_000);
    expect(retryAfter({ "retry-after": date, date: "Mon, 24 Nov 2025 10:00:30 GMT" })).toBeUndefined();
    for (const value of ["soon", "-1", "1e9", ""]) expect(retryAfter({ "retry-after": value, date })).toBeUndefined();
    expect(retryAfter({})).toBeUndefined();
    expect(retryAfter({ "retry-after": "7" }, 500)).toBeUndefined();
  });

  it("tells load from failure", () => {
    const facts = (status: number) => remoteFailure(statusError("x", { status, headers: {} }));
    expect([429, 503].map(facts)).toEqual(
      [0, 0].map(() => expect.objectContaining({ transient: true, throttled: true })),
    );
    expect([408, 500, 502, 504].map(facts)).toEqual(
      [0, 0, 0, 0].map(() => expect.objectContaining({ transient: true, throttled: false })),
    );
    expect([400, 403, 404, 412, 505].map((status) => facts(status).transient)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});

it("an error of anybody else is not tried again", () => {
  const nothing = { transient: false, throttled: false, retryAfterMs: undefined, receivedBytes: 0 };
  for (const error of [new Error("x"), undefined, new HexzError("E_IO", "x"), { context: { transient: true } }]) {
    expect(remoteFailure(error)).toEqual(nothing);
  }
  expect(remoteFailure(timeoutError("x", "body", 5))).toMatchObject({ transient: true, receivedBytes: 5 });
});
