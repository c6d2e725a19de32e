import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COALESCE_DEFAULTS, planRequests, type Span, uncovered } from "../../../src/core/storage/coalesce-plan.js";

const limits = (gapBytes: number, requestBytes: number, waste: number) => ({ gapBytes, requestBytes, waste });
const spans = (...pairs: readonly (readonly [number, number])[]): Span[] =>
  pairs.map(([start, end]) => ({ start, end }));

/** How many of the spans cover each byte. */
function countsOf(all: readonly Span[]): number[] {
  const counts = new Array<number>(600).fill(0);
  for (const { start, end } of all) for (let at = start; at < end; at++) counts[at] = (counts[at] ?? 0) + 1;
  return counts;
}

describe("planRequests", () => {
  it("joins neighbours, in any order, and what overlaps", () => {
    expect(planRequests(spans([10, 20], [0, 10], [25, 30]), limits(5, 100, 0.5))).toEqual(spans([0, 30]));
    expect(planRequests(spans([0, 10], [5, 20], [5, 7]), limits(0, 100, 0))).toEqual(spans([0, 20]));
    expect(planRequests([], COALESCE_DEFAULTS)).toEqual([]);
    expect(planRequests(spans([4, 4]), COALESCE_DEFAULTS)).toEqual([]);
  });

  it("a gap of 0 joins only what touches", () => {
    expect(planRequests(spans([0, 10], [10, 20], [21, 30]), limits(0, 100, 0.5))).toEqual(spans([0, 20], [21, 30]));
  });

  it("keeps a gap, a length and a waste that are too large apart", () => {
    expect(planRequests(spans([0, 10], [16, 20]), limits(5, 100, 1))).toEqual(spans([0, 10], [16, 20]));
    expect(planRequests(spans([0, 10], [10, 20]), limits(5, 19, 1))).toEqual(spans([0, 10], [10, 20]));
    expect(planRequests(spans([0, 1], [4, 5]), limits(5, 100, 0.5))).toEqual(spans([0, 1], [4, 5]));
    expect(planRequests(spans([0, 2], [6, 8]), limits(5, 100, 0.5))).toEqual(spans([0, 8]));
  });

  it("cuts what is too long into equal pieces", () => {
    expect(planRequests(spans([0, 25]), limits(0, 10, 0))).toEqual(spans([0, 8], [8, 17], [17, 25]));
  });

  it("reaches over no barrier", () => {
    const wanted = spans([0, 10], [14, 20]);
    expect(planRequests(wanted, limits(10, 100, 1), spans([10, 12]))).toEqual(wanted);
    expect(planRequests(wanted, limits(10, 100, 1), spans([20, 22]))).toEqual(spans([0, 20]));
  });

  it("always reads every byte once, within the limits, and wastes nothing at the ends", () => {
    const span = fc
      .tuple(fc.nat(500), fc.integer({ min: 1, max: 80 }))
      .map(([start, length]) => ({ start, end: start + length }));
    const anyLimits = fc.record({
      gapBytes: fc.nat(40),
      requestBytes: fc.integer({ min: 1, max: 120 }),
      waste: fc.constantFrom(0, 0.25, 0.5, 1),
    });
    fc.assert(
      fc.property(fc.array(span, { maxLength: 30 }), anyLimits, (wanted, within) => {
        const requests = planRequests(wanted, within);
        const wantedAt = countsOf(wanted);
        const readAt = countsOf(requests);
        expect(readAt.every((count, at) => count <= 1 && (count === 1 || wantedAt[at] === 0))).toBe(true);
        for (const { start, end } of requests) {
          const wasted = wantedAt.slice(start, end).filter((count) => count === 0).length;
          expect(end - start).toBeLessThanOrEqual(within.requestBytes);
          expect(wasted).toBeLessThanOrEqual(within.waste * (end - start));
          expect(wantedAt[start]).toBeGreaterThan(0);
          expect(wantedAt[end - 1]).toBeGreaterThan(0);
        }
      }),
      { seed: 20_261_124, numRuns: 500 },
    );
  });
});

describe("uncovered", () => {
  it("is what no cover covers", () => {
    expect(uncovered({ start: 0, end: 10 }, [])).toEqual(spans([0, 10]));
    expect(uncovered({ start: 0, end: 10 }, spans([6, 8], [2, 4]))).toEqual(spans([0, 2], [4, 6], [8, 10]));
    expect(uncovered({ start: 5, end: 10 }, spans([0, 6], [9, 20], [30, 40]))).toEqual(spans([6, 9]));
    expect(uncovered({ start: 5, end: 10 }, spans([0, 20]))).toEqual([]);
  });
});
