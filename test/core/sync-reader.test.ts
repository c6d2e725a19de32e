import { describe, expect, it } from "vitest";
import { SyncReader } from "../../src/core/sync-reader.js";

const KIB = 1024;

/** A reader over a file whose byte `i` is `i % 251`; each read takes as many milliseconds as `takes` says. */
function readerOf(takes: (read: number) => number = () => 0) {
  let clockMs = 0;
  let reads = 0;
  const readAt = (_descriptor: number, offset: number, target: Uint8Array) => {
    clockMs += takes(reads++);
    target.forEach((_, i) => {
      target[i] = (offset + i) % 251;
    });
    return target.length;
  };
  return new SyncReader(7, { readAt, nowMs: () => clockMs });
}

/** For `count` reads of `bytes` each, whether they were done here. */
function readsHere(reader: SyncReader, count: number, bytes: number): boolean[] {
  const target = new Uint8Array(bytes);
  return Array.from({ length: count }, () => reader.readInto(0, target));
}

describe("SyncReader", () => {
  it("gives the bytes asked for", () => {
    const reader = readerOf();
    const target = new Uint8Array(5);
    expect(reader.readInto(250, target.subarray(1, 4))).toBe(true);
    expect(target).toEqual(Uint8Array.of(0, 250, 0, 1, 0));
    expect(reader.readInto(0, target.subarray(0, 0))).toBe(true);
  });

  it("leaves one read after each MiB to the other way, so that the event loop gets a turn", () => {
    const here = [true, true, true, true, false];
    expect(readsHere(readerOf(), 15, 256 * KIB)).toEqual([...here, ...here, ...here]);
    expect(readsHere(readerOf(), 4, 1024 * KIB)).toEqual([true, false, true, false]);
    expect(readsHere(readerOf(), 3, 1024 * KIB + 1)).toEqual([false, false, false]);
  });

  it("leaves more of them after a slow read, in proportion", () => {
    const slowOnce = (read: number) => (read === 1 ? 2 : 0.1);
    expect(readsHere(readerOf(slowOnce), 20, KIB)).toEqual([true, true, ...Array(16).fill(false), true, true]);
    const alwaysSlow = readsHere(
      readerOf(() => 10),
      1000,
      KIB,
    );
    expect(alwaysSlow.filter(Boolean).length).toBe(13);
  });

  it("leaves failed and short reads to the other way", () => {
    const nowMs = () => 0;
    const failing = new SyncReader(7, {
      nowMs,
      readAt: () => {
        throw Object.assign(new Error("EBADF"), { code: "EBADF" });
      },
    });
    expect(failing.readInto(0, new Uint8Array(10))).toBe(false);
    expect(new SyncReader(7, { nowMs, readAt: () => 9 }).readInto(0, new Uint8Array(10))).toBe(false);
  });
});
