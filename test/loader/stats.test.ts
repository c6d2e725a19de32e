import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bottleneckOf, EpochMeter } from "../../src/loader/stats.js";

/** A verdict over 1000 ms, of which the consumer waited `waitMs` and the threads worked so long in sum. */
const verdict = (waitMs: number, decodeMs: number, gatherMs: number, threads: number) =>
  bottleneckOf({ elapsedMs: 1000, waitMs }, { decodeMs, gatherMs }, threads);

describe("bottleneckOf", () => {
  it("has nothing to say before anything was read", () => {
    expect(bottleneckOf({ elapsedMs: 0, waitMs: 0 }, { decodeMs: 5, gatherMs: 5 }, 2)).toBe("nothing was read yet");
  });

  it("names the consumer where it hardly waited, however busy the threads were", () => {
    const consumer = /^the consumer: it waited 4 % of the time, a faster loader would not help$/;
    expect(verdict(40, 10, 10, 2)).toMatch(consumer);
    expect(verdict(40, 1500, 500, 2)).toMatch(consumer);
    expect(verdict(0, 0, 0, 2)).toMatch(/^the consumer: it waited 0 % /);
  });

  it("names the threads where they had no time left, and what they spent it on", () => {
    expect(verdict(500, 1300, 500, 2)).toBe(
      "the threads: 2 of them worked 90 % of the time (decoding 72 %, gathering 28 %); more workers or cores would help",
    );
    expect(verdict(50, 800, 0, 1)).toMatch(/^the threads: .* worked 80 % .*\(decoding 100 %, gathering 0 %\)/);
  });

  it("names the calling thread where that does all work", () => {
    expect(verdict(950, 600, 300, 0)).toBe(
      "the calling thread: it worked 90 % of the time on batches (decoding 67 %, gathering 33 %); workers would help",
    );
  });

  it("names storage or the calling thread where the consumer waited and the threads did, too", () => {
    expect(verdict(600, 300, 100, 2)).toBe(
      "storage or the calling thread: the consumer waited 60 % of the time, but the threads worked only 20 % of it",
    );
    expect(verdict(600, 0, 0, 2)).toMatch(/^storage or the calling thread: .* worked only 0 % of it$/);
    expect(verdict(600, 300, 100, 0)).toMatch(/^storage or the calling thread: /);
  });

  it("is pure, and one sentence without NaN for any numbers", () => {
    const ms = fc.integer({ min: 0, max: 2 ** 31 }).map((n) => n / 256);
    const property = fc.property(ms, ms, ms, ms, fc.nat(64), (elapsedMs, waitMs, decodeMs, gatherMs, threads) => {
      const once = bottleneckOf({ elapsedMs, waitMs }, { decodeMs, gatherMs }, threads);
      expect(bottleneckOf({ elapsedMs, waitMs }, { decodeMs, gatherMs }, threads)).toBe(once);
      expect(once).not.toMatch(/NaN|Infinity|undefined|\.|\n/);
    });
    fc.assert(property, { seed: 81 });
  });
});

describe("EpochMeter", () => {
  it("sums batches, records, waiting and the time between batches", () => {
    const meter = new EpochMeter();
    meter.batch(32, 5, 5);
    meter.batch(7, 0, 20);
    expect(meter).toMatchObject({ batches: 2, records: 39, waitMs: 5, elapsedMs: 25 });
  });
});
