import { describe, expect, it } from "vitest";
import { AdaptiveLimit } from "../../../src/core/storage/adaptive-limit.js";
import { withLimits } from "../../../src/core/storage/with-limits.js";
import { createHeldSource, failure, isRight, turn } from "./support.js";

describe("withLimits", () => {
  it("lets so many reads run at once, the others in the order they came", async () => {
    const held = createHeldSource();
    const source = withLimits(held, { requests: 2 });
    const targets = Array.from({ length: 5 }, () => new Uint8Array(10));
    const reading = targets.map((target, i) => source.readInto(i * 100, target));
    await turn();
    expect(held.reads.map(({ offset }) => offset)).toEqual([0, 100]);
    held.reads[1]?.finish();
    await turn();
    expect(held.reads.map(({ offset }) => offset)).toEqual([0, 100, 200]);
    for (let i = 0; i < 5; i++) {
      held.reads[i]?.finish();
      await turn();
    }
    await Promise.all(reading);
    expect(targets.every((target, i) => isRight(target, i * 100))).toBe(true);
  });

  it("bounds the bytes in flight; what is larger goes alone", async () => {
    const held = createHeldSource();
    const source = withLimits(held, { bytes: 100 });
    const reading = [60, 40, 1, 500, 5].map((length) => source.readInto(0, new Uint8Array(length)));
    const lengths = () => held.reads.map(({ length }) => length);
    await turn();
    expect(lengths()).toEqual([60, 40]);
    held.reads[0]?.finish();
    await turn();
    expect(lengths()).toEqual([60, 40, 1]);
    held.reads[1]?.finish();
    await turn();
    expect(lengths()).toEqual([60, 40, 1]);
    held.reads[2]?.finish();
    await turn();
    expect(lengths()).toEqual([60, 40, 1, 500]);
    held.reads[3]?.finish();
    await turn();
    held.reads[4]?.finish();
    await Promise.all(reading);
  });

  it("a failure and an abort make room for the next", async () => {
    const held = createHeldSource();
    const source = withLimits(held, { requests: 1 });
    const controllers = [new AbortController(), new AbortController(), new AbortController()];
    const reading = controllers.map(({ signal }) => source.readInto(0, new Uint8Array(1), { signal }));
    const outcomes = Promise.allSettled(reading);
    await turn();
    controllers[1]?.abort(new Error("queued"));
    held.reads[0]?.fail(failure());
    await turn();
    expect(held.reads).toHaveLength(2);
    controllers[2]?.abort(new Error("running"));
    expect((await outcomes).map((outcome) => outcome.status === "rejected" && outcome.reason.message)).toEqual([
      "test is refused",
      "queued",
      "running",
    ]);
    const last = source.readInto(0, new Uint8Array(1));
    await turn();
    held.reads[2]?.finish();
    await last;
  });

  it("an aborted giant lets the small ones behind it pass", async () => {
    const held = createHeldSource();
    const source = withLimits(held, { bytes: 100 });
    const controller = new AbortController();
    const first = source.readInto(0, new Uint8Array(50));
    const giant = source.readInto(0, new Uint8Array(80), { signal: controller.signal });
    const small = source.readInto(0, new Uint8Array(50));
    controller.abort(new Error("too large"));
    await expect(giant).rejects.toThrow("too large");
    expect(held.reads).toHaveLength(2);
    for (const read of held.reads) read.finish();
    await Promise.all([first, small]);
  });
});

describe("AdaptiveLimit", () => {
  const success = (elapsedMs = 20, bytes = 1000) => ({ bytes, elapsedMs, error: undefined });
  const throttled = { bytes: 1000, elapsedMs: 5, error: failure({ throttled: true }) };
  const repeat = (limit: AdaptiveLimit, times: number, attempt: Parameters<AdaptiveLimit["observe"]>[0]) => {
    for (let i = 0; i < times; i++) limit.observe(attempt);
  };

  it("grows by one after 64 successes, up to its most", () => {
    const limit = new AdaptiveLimit({ initial: 16, most: 18 });
    repeat(limit, 63, success());
    expect(limit.current).toBe(16);
    limit.observe(success());
    expect(limit.current).toBe(17);
    repeat(limit, 1000, success());
    expect(limit.current).toBe(18);
    expect(new AdaptiveLimit({ initial: 16, most: 3 }).current).toBe(3);
  });

  it("halves when throttled, once for all that were in flight together, never below 1", () => {
    const limit = new AdaptiveLimit({ initial: 16 });
    repeat(limit, 16, throttled);
    expect(limit.current).toBe(8);
    limit.observe(throttled);
    expect(limit.current).toBe(4);
    repeat(limit, 100, throttled);
    expect(limit.current).toBe(1);
    repeat(limit, 64 * 15, success());
    expect(limit.current).toBe(16);
  });

  it("takes no other failure for a sign of load", () => {
    const limit = new AdaptiveLimit();
    repeat(limit, 100, { bytes: 10, elapsedMs: 5, error: failure() });
    expect(limit.current).toBe(16);
  });

  it("does not grow into a queue, and shrinks to 4 where requests take far longer than at best", () => {
    const limit = new AdaptiveLimit();
    repeat(limit, 64, success(20));
    expect(limit.current).toBe(17);
    repeat(limit, 100, success(100));
    expect(limit.current).toBe(17);
    repeat(limit, 200, success(5000));
    expect(limit.current).toBe(4);
  });

  it("compares requests of like size only", () => {
    const limit = new AdaptiveLimit();
    for (let i = 0; i < 320; i++) {
      limit.observe(success(10, 1000));
      limit.observe(success(400, 8_000_000));
    }
    expect(limit.current).toBe(26);
  });

  it("forgets the best of a network that is gone", () => {
    const limit = new AdaptiveLimit();
    repeat(limit, 10, success(2));
    repeat(limit, 3000, success(200));
    const afterwards = limit.current;
    repeat(limit, 64, success(200));
    expect(limit.current).toBe(afterwards + 1);
  });
});
