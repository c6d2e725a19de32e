import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RangeSource } from "../../../src/core/storage/port.js";

const SEED = 20_261_124;

/** The bytes the source under test must hold. */
export const CONFORMANCE_BYTES = Uint8Array.from({ length: 70_001 }, (_, i) => (i * 131 + (i >> 8)) & 255);

/**
 * The contract of `RangeSource`, for one implementation.
 *
 * @param make opens a fresh source over the given bytes.
 */
export function storageConformance(name: string, make: (bytes: Uint8Array) => Promise<RangeSource>): void {
  describe(`storage conformance: ${name}`, () => {
    const size = CONFORMANCE_BYTES.length;
    let source: RangeSource;

    beforeEach(async () => {
      source = await make(CONFORMANCE_BYTES);
    });
    afterEach(() => source.close());

    async function expectRange(offset: number, length: number): Promise<void> {
      const target = new Uint8Array(length).fill(0xee);
      await source.readInto(offset, target);
      expect(Buffer.compare(target, CONFORMANCE_BYTES.subarray(offset, offset + length))).toBe(0);
    }

    test("states its size, name and identity", () => {
      expect(source.size).toBe(size);
      expect(source.name).not.toBe("");
      expect(source.identity).not.toBe("");
    });

    test("gives any range, and all of it at once", async () => {
      await expectRange(0, size);
      await fc.assert(
        fc.asyncProperty(fc.nat(size), fc.nat(size), (a, b) => expectRange(Math.min(a, b), Math.abs(a - b))),
        { seed: SEED, numRuns: 100 },
      );
    });

    test("gives empty ranges, also at the end", async () => {
      await expectRange(0, 0);
      await expectRange(17, 0);
      await expectRange(size, 0);
    });

    test("refuses ranges outside it", async () => {
      for (const [offset, length] of [
        [size, 1],
        [size - 1, 2],
        [size + 1, 0],
        [0, size + 1],
        [2 ** 40, 1],
      ] as const) {
        await expect(source.readInto(offset, new Uint8Array(length))).rejects.toThrow(RangeError);
      }
    });

    test("refuses offsets that are none, and leaves the target alone", async () => {
      for (const offset of [Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY, 2 ** 53]) {
        const target = new Uint8Array(4).fill(9);
        await expect(source.readInto(offset, target)).rejects.toThrow(RangeError);
        expect([...target]).toEqual([9, 9, 9, 9]);
      }
    });

    test("serves overlapping reads at the same time", async () => {
      const offsets = Array.from({ length: 64 }, (_, i) => (i * 7919) % (size - 5000));
      await Promise.all(offsets.map((offset, i) => expectRange(offset, i * 70)));
    });

    test("fills part of a larger buffer and nothing else", async () => {
      const buffer = new Uint8Array(32).fill(5);
      await source.readInto(100, buffer.subarray(8, 24));
      expect([...buffer.subarray(0, 8), ...buffer.subarray(24)]).toEqual(new Array(16).fill(5));
      expect([...buffer.subarray(8, 24)]).toEqual([...CONFORMANCE_BYTES.subarray(100, 116)]);
    });

    test("fills shared memory", async () => {
      const target = new Uint8Array(new SharedArrayBuffer(5000), 3, 4000);
      await source.readInto(12_345, target);
      expect(Buffer.compare(target, CONFORMANCE_BYTES.subarray(12_345, 16_345))).toBe(0);
    });

    test("an aborted signal rejects with its reason", async () => {
      const reason = new Error("not needed any more");
      const signal = AbortSignal.abort(reason);
      await expect(source.readInto(0, new Uint8Array(8), { signal })).rejects.toBe(reason);
    });

    test("a read aborted under way settles: its reason, or the whole range", async () => {
      const reason = new Error("not needed any more");
      const controller = new AbortController();
      const target = new Uint8Array(size);
      const reading = source.readInto(0, target, { signal: controller.signal });
      controller.abort(reason);
      const outcome = await reading.catch((error: unknown) => error);
      if (outcome === undefined) expect(Buffer.compare(target, CONFORMANCE_BYTES)).toBe(0);
      else expect(outcome).toBe(reason);
    });

    test("after close, reads reject; closing twice is fine", async () => {
      await source.close();
      await source.close();
      await source[Symbol.asyncDispose]();
      for (const length of [0, 1]) {
        await expect(source.readInto(0, new Uint8Array(length))).rejects.toMatchObject({ code: "E_CLOSED" });
      }
    });

    test("closing lets reads under way end", async () => {
      const target = new Uint8Array(size);
      const reading = source.readInto(0, target);
      await Promise.all([source.close(), source.close()]);
      await reading;
      expect(Buffer.compare(target, CONFORMANCE_BYTES)).toBe(0);
    });
  });
}
