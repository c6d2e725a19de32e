import { describe, expect, it } from "vitest";
import type { RangeSource } from "../../../src/core/storage/port.js";
import { type Attempt, Retrier } from "../../../src/core/storage/retrier.js";
import { withRetry } from "../../../src/core/storage/with-retry.js";
import { wrapSource } from "../../../src/core/storage/wrap.js";
import { HexzError } from "../../../src/errors.js";
import { createManualClock } from "../../support/manual-clock.js";
import { BYTES, createHeldSource, failure, isRight, turn } from "./support.js";

const seconds = 1000;

/** A source that answers each read as `answer` says: an error, or all bytes. */
function createAnsweringSource(answer: (call: number) => HexzError | undefined) {
  const calls: (readonly [offset: number, length: number])[] = [];
  const source = wrapSource(createHeldSource(), {
    async readInto(offset, target) {
      const error = answer(calls.length);
      calls.push([offset, target.length]);
      if (error !== undefined) throw error;
      target.set(BYTES.subarray(offset, offset + target.length));
    },
  });
  return { ...source, calls };
}

/** Reads through retries on a clock of its own. */
function setUp(source: RangeSource, options: { timeoutMs?: number; attempts?: number; random?: () => number } = {}) {
  const clock = createManualClock();
  const attempts: Attempt[] = [];
  const retrier = new Retrier({ random: () => 0.5, onAttempt: (it) => attempts.push(it), ...options, clock });
  return { clock, attempts, retrier, retried: withRetry(source, retrier) };
}

describe("withRetry", () => {
  it("tries again what passes, after half of a time that doubles", async () => {
    const source = createAnsweringSource((call) => (call < 4 ? failure() : undefined));
    const { clock, retried, attempts } = setUp(source);
    const target = new Uint8Array(100);
    await clock.runUntil(retried.readInto(50, target));
    expect(isRight(target, 50)).toBe(true);
    expect(source.calls).toHaveLength(5);
    expect(clock.nowMs()).toBe((100 + 200 + 400 + 800) / 2);
    expect(attempts.map(({ error, again }) => [error === undefined, again])).toEqual([
      [false, false],
      [false, true],
      [false, true],
      [false, true],
      [true, true],
    ]);
    expect(clock.timers).toBe(0);
  });

  it("waits longer where the server is overloaded, and as long as it asks, but a minute at most", async () => {
    const waits: number[] = [];
    for (const context of [{ throttled: true }, { retryAfterMs: 7000 }, { retryAfterMs: 3_600_000 }]) {
      const source = createAnsweringSource((call) => (call === 0 ? failure(context) : undefined));
      const { clock, retried } = setUp(source);
      await clock.runUntil(retried.readInto(0, new Uint8Array(1)));
      waits.push(clock.nowMs());
    }
    expect(waits).toEqual([250, 7050, 60_050]);
  });

  it("never waits longer than 20 s without being asked to", async () => {
    const source = createAnsweringSource((call) => (call < 12 ? failure() : undefined));
    const { clock, retried } = setUp(source, { random: () => 0.999, timeoutMs: 1000 * seconds });
    await clock.runUntil(retried.readInto(0, new Uint8Array(1)));
    expect(clock.nowMs()).toBeGreaterThan(60 * seconds);
    expect(clock.nowMs()).toBeLessThan(12 * 20 * seconds);
  });

  it("goes on from the byte that was reached", async () => {
    const source = createHeldSource();
    const { clock, retried } = setUp(source);
    const target = new Uint8Array(100);
    const reading = retried.readInto(1000, target);
    await turn();
    source.reads[0]?.fail(failure(), 30);
    await clock.advance(seconds);
    source.reads[1]?.fail(failure(), 0);
    await clock.advance(seconds);
    source.reads[2]?.fail(failure(), 69);
    await clock.advance(seconds);
    source.reads[3]?.finish();
    await reading;
    expect(source.reads.map(({ offset, length }) => [offset, length])).toEqual([
      [1000, 100],
      [1030, 70],
      [1030, 70],
      [1099, 1],
    ]);
    expect(isRight(target, 1000)).toBe(true);
  });

  it("asks for nothing more where the connection broke behind the last byte", async () => {
    const source = createHeldSource();
    const { retried } = setUp(source);
    const target = new Uint8Array(10);
    const reading = retried.readInto(5, target);
    await turn();
    source.reads[0]?.fail(failure(), 10);
    await reading;
    expect(source.reads).toHaveLength(1);
    expect(isRight(target, 5)).toBe(true);
  });

  it("does not try again what stays as it is", async () => {
    const permanent = new HexzError("E_NOT_FOUND", "test does not exist");
    for (const error of [permanent, failure({ transient: false }), new Error("a bug") as HexzError]) {
      const source = createAnsweringSource(() => error);
      const { retried } = setUp(source);
      await expect(retried.readInto(0, new Uint8Array(1))).rejects.toBe(error);
      expect(source.calls).toHaveLength(1);
    }
  });

  it("gives up after so many attempts, with the last error and their number", async () => {
    const source = createAnsweringSource(() => failure({ status: 500 }));
    const { clock, retried } = setUp(source, { attempts: 4 });
    const error = await clock.runUntil(retried.readInto(0, new Uint8Array(1)).catch((caught: unknown) => caught));
    expect(error).toMatchObject({ code: "E_HTTP", context: { status: 500, attempts: 4 } });
    expect(String(error)).toBe("HexzError: test is refused (after 4 attempts)");
    expect(source.calls).toHaveLength(4);
  });

  it("gives up when the time is over: between two attempts with the last error, within the first with a timeout", async () => {
    const failing = setUp(
      createAnsweringSource(() => failure()),
      { timeoutMs: 2000 },
    );
    const between = await failing.clock.runUntil(
      failing.retried.readInto(0, new Uint8Array(1)).catch((e: unknown) => e),
    );
    expect(between).toMatchObject({ code: "E_HTTP" });
    expect(failing.clock.nowMs()).toBe(2000);

    const source = createHeldSource();
    const stuck = setUp(source, { timeoutMs: 2000 });
    const within = await stuck.clock.runUntil(stuck.retried.readInto(0, new Uint8Array(1)).catch((e: unknown) => e));
    expect(within).toMatchObject({ code: "E_TIMEOUT" });
    expect(source.reads[0]?.isAborted).toBe(true);
    expect([failing.clock.timers, stuck.clock.timers]).toEqual([0, 0]);
  });

  it("an abort ends it at once: in an attempt, in a pause, in the queue of the budget", async () => {
    const reason = new Error("not needed any more");
    const abortAt = async (advanceMs: number, source: RangeSource) => {
      const controller = new AbortController();
      const { clock, retried } = setUp(source);
      const reading = retried.readInto(0, new Uint8Array(1), { signal: controller.signal });
      const outcome = expect(reading).rejects.toBe(reason);
      await clock.advance(advanceMs);
      controller.abort(reason);
      await outcome;
      expect(clock.timers).toBe(0);
    };
    await abortAt(0, createHeldSource());
    await abortAt(
      10,
      createAnsweringSource(() => failure()),
    );
    await abortAt(
      10,
      createAnsweringSource(() => failure({ retryAfterMs: 50_000 })),
    );
  });

  it("tries nothing again once it is stopped", async () => {
    const source = createAnsweringSource(() => failure({ retryAfterMs: 50_000 }));
    const { clock, retrier, retried } = setUp(source);
    const reading = expect(retried.readInto(0, new Uint8Array(1))).rejects.toMatchObject({ code: "E_HTTP" });
    await clock.advance(10);
    retrier.stop();
    await reading;
    await expect(retried.readInto(0, new Uint8Array(1))).rejects.toMatchObject({ code: "E_HTTP" });
    expect(source.calls).toHaveLength(2);
    expect(clock.timers).toBe(0);
  });
});

describe("the retry budget", () => {
  /** `clients` readers, one read after the other for `untilMs`, against a server that is down for a while. */
  async function simulate(clients: number, downFromMs: number, downUntilMs: number, untilMs: number) {
    const clock = createManualClock();
    let seed = 1;
    const random = () => {
      seed = (Math.imul(seed, 48_271) >>> 0) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const counts = { attempts: 0, inOutage: 0, reads: 0, firstAfterMs: 0, lastSecond: 0 };
    const source = wrapSource(createHeldSource(), {
      async readInto() {
        await new Promise<void>((resolve) => clock.after(50, resolve));
        const now = clock.nowMs();
        counts.attempts++;
        if (now < downFromMs || now >= downUntilMs) return;
        counts.inOutage++;
        throw failure({ throttled: true });
      },
    });
    const retried = withRetry(source, new Retrier({ clock, random }));
    const client = async () => {
      while (clock.nowMs() < untilMs) {
        await retried.readInto(0, new Uint8Array(1));
        counts.reads++;
        const now = clock.nowMs();
        if (now >= downUntilMs && counts.firstAfterMs === 0) counts.firstAfterMs = now;
        if (now >= downUntilMs + 4000 && now < downUntilMs + 5000) counts.lastSecond++;
      }
    };
    await clock.runUntil(Promise.all(Array.from({ length: clients }, client)));
    return counts;
  }

  it("lets an outage add little load, and the load come back within seconds of its end", async () => {
    const down = 60 * seconds;
    const counts = await simulate(64, 5 * seconds, 5 * seconds + down, 75 * seconds);
    // 64 reads were under way, 100 retries are in reserve, one a second is a probe.
    expect(counts.inOutage).toBeLessThanOrEqual(64 + 100 + 64 + down / seconds);
    expect(counts.attempts).toBeLessThanOrEqual(3 * counts.reads);
    expect(counts.firstAfterMs).toBeLessThanOrEqual(5 * seconds + down + 5 * seconds);
    // 64 clients of 50 ms a read make 1280 reads a second.
    expect(counts.lastSecond).toBeGreaterThanOrEqual(0.9 * 1280);
  });

  it("lets all who wait for it through in the end", async () => {
    const source = createAnsweringSource((call) => (call < 150 ? failure() : undefined));
    const { clock, retried } = setUp(source);
    const finished: number[] = [];
    const read = async (i: number) => {
      await retried.readInto(i, new Uint8Array(1));
      finished.push(i);
    };
    await clock.runUntil(Promise.all(Array.from({ length: 120 }, (_, i) => read(i))));
    expect(finished).toHaveLength(120);
    // 120 first tries and 100 retries of the reserve were free, the rest had to wait for a success or a second.
    expect(source.calls.length).toBeLessThanOrEqual(120 + 150);
    expect(clock.timers).toBe(0);
  });
});
