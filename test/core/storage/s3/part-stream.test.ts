import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PartStream, partSize } from "../../../../src/core/storage/s3/part-stream.js";

const MIB = 2 ** 20;

/** A sink that keeps what it gets. */
function keep() {
  const parts = new Map<number, Uint8Array>();
  const order: number[] = [];
  const put = async (number: number, bytes: Uint8Array) => {
    parts.set(number, bytes);
    order.push(number);
  };
  const joined = () => Buffer.concat([...parts].sort(([a], [b]) => a - b).map(([, bytes]) => bytes));
  return { put, parts, order, joined };
}

describe("PartStream", () => {
  test("gives back what was written, however it was cut, the header written last", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 4, maxLength: 200 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
        fc.integer({ min: 4, max: 40 }),
        async (bytes, cuts, partBytes) => {
          const sink = keep();
          const stream = new PartStream("object", sink, partBytes);
          for (let at = 4, i = 0; at < bytes.length; i++) {
            const piece = bytes.slice(at, at + (cuts[i % cuts.length] ?? 1));
            await stream.write(piece, at);
            at += piece.length;
            piece.fill(0xee); // the caller's again
          }
          await stream.write(bytes.subarray(0, 4), 0);
          expect(stream.sizeBytes).toBe(bytes.length);
          await stream.end();
          expect(Buffer.compare(sink.joined(), bytes)).toBe(0);
          expect(sink.order.at(-1)).toBe(1);
          const full = [...sink.parts].filter(([number]) => number < sink.parts.size);
          expect(full.every(([, part]) => part.length === partBytes)).toBe(true);
          expect([...sink.parts.values()].every((part) => part.length > 0)).toBe(true);
        },
      ),
      { seed: 11, numRuns: 300 },
    );
  });

  test("refuses to write anywhere else", async () => {
    const stream = new PartStream("object", keep(), 8);
    await stream.write(new Uint8Array(20), 0);
    await expect(stream.write(new Uint8Array(1), 21)).rejects.toThrow(RangeError);
    await expect(stream.write(new Uint8Array(4), 6)).rejects.toThrow(RangeError);
    await expect(stream.write(new Uint8Array(4), 12)).rejects.toThrow(RangeError);
  });

  test("grows its parts, and stays within 10,000 of them up to 490 GiB", () => {
    expect([1, 1000, 1001, 2001, 3001, 10_000].map((n) => partSize(n) / MIB)).toEqual([8, 8, 16, 32, 64, 64]);
    const total = Array.from({ length: 10_000 }, (_, i) => partSize(i + 1)).reduce((sum, bytes) => sum + bytes, 0);
    expect(total).toBeGreaterThan(490 * 1024 * MIB);
    expect(partSize(5000, 7)).toBe(7);
  });

  test("says when an object has too many parts", async () => {
    const stream = new PartStream("s3://b/k", keep(), 5);
    await expect(stream.write(new Uint8Array(50_001), 0)).rejects.toMatchObject({ code: "E_LIMIT" });
  });
});
