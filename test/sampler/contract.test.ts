import { expect, test } from "vitest";
import { createWindowSampler, type EpochOrder, RandomSampler, shuffleContract } from "../../src/sampler/index.js";
import { evenCounts } from "./support.js";

const CLASSES = 10;
const RECORDS_PER_UNIT = 32;
const RECORDS = 20_480 * RECORDS_PER_UNIT;

/** Variance of the share of each class in a batch, summed over classes, of records stored sorted by class. */
function batchVariance(orders: Iterable<EpochOrder>, batchSize: number): number {
  const batch = new Float64Array(batchSize);
  const histogram = new Float64Array(CLASSES);
  let sum = 0;
  let batches = 0;
  for (const order of orders) {
    for (let start = 0; start + batchSize <= order.length; start += batchSize) {
      order.fill(start, 1, batch);
      histogram.fill(0);
      for (const record of batch) {
        const label = Math.floor((record * CLASSES) / RECORDS);
        histogram[label] = (histogram[label] ?? 0) + 1;
      }
      for (const count of histogram) sum += (count / batchSize - 1 / CLASSES) ** 2;
      batches++;
    }
  }
  return sum / batches;
}

function* epochs(sampler: { epoch(epoch: number): EpochOrder }, count: number): Generator<EpochOrder> {
  for (let epoch = 0; epoch < count; epoch++) yield sampler.epoch(epoch);
}

/** Variance of a batch of independent draws, corrected for drawing from a finite set. */
function idealVariance(batchSize: number): number {
  return ((1 - 1 / CLASSES) / batchSize) * ((RECORDS - batchSize) / (RECORDS - 1));
}

function windowVariance(window: number, batchSize: number, lanes?: number): number {
  const sampler = createWindowSampler({ counts: evenCounts(RECORDS, RECORDS_PER_UNIT), seed: 17, window, lanes });
  return batchVariance(epochs(sampler, 2), batchSize);
}

const cases = [32, 128, 512].flatMap((window) => [64, 128, 256].map((batchSize) => [window, batchSize] as const));

test.each(cases)(
  "window %i, batch %i, one lane: the variance of batch means is 1 + (b - 1) / W times the ideal, within 15%%",
  (window, batchSize) => {
    const measured = windowVariance(window, batchSize, 1) / idealVariance(batchSize);
    const predicted = 1 + (batchSize - 1) / window;
    expect(measured / predicted).toBeGreaterThan(0.85);
    expect(measured / predicted).toBeLessThan(1.15);
    const contract = shuffleContract({ window, recordsPerUnit: RECORDS_PER_UNIT, batchSize });
    expect(contract.varianceFactor / predicted).toBeCloseTo(1, 1);
  },
);

test.each(cases)(
  "window %i, batch %i, default lanes: the contract holds within 15%%, and lanes never mix worse",
  (window, batchSize) => {
    const measured = windowVariance(window, batchSize) / idealVariance(batchSize);
    const { lanes } = createWindowSampler({
      counts: evenCounts(RECORDS, RECORDS_PER_UNIT),
      seed: 17,
      window,
    }).parameters;
    const options = { window, recordsPerUnit: RECORDS_PER_UNIT, batchSize };
    const { varianceFactor } = shuffleContract({ ...options, lanes: Number(lanes) });
    expect(measured / varianceFactor).toBeGreaterThan(0.85);
    expect(measured / varianceFactor).toBeLessThan(1.15);
    expect(varianceFactor).toBeLessThanOrEqual(shuffleContract(options).varianceFactor);
  },
);

test("a batch no larger than the lanes is mixed as by an ideal shuffle", () => {
  const measured = windowVariance(128, 48, 48) / idealVariance(48);
  expect(measured).toBeGreaterThan(0.9);
  expect(measured).toBeLessThan(1.1);
});

test("a full permutation is ideal", () => {
  const variance = batchVariance(epochs(new RandomSampler(RECORDS, { seed: 17 }), 1), 256);
  expect(variance / idealVariance(256)).toBeGreaterThan(0.9);
  expect(variance / idealVariance(256)).toBeLessThan(1.1);
});

test("the effective batch follows the formula", () => {
  const contract = shuffleContract({ window: 100, recordsPerUnit: 50, rho: 0.5, batchSize: 128 });
  expect(contract.window).toBe(100);
  expect(contract.varianceFactor).toBeCloseTo(1 + (0.5 * 127 * 49) / 4999, 12);
  expect(contract.effectiveBatch).toBeCloseTo(128 / contract.varianceFactor, 12);
  expect(shuffleContract({ window: 512, recordsPerUnit: 40, batchSize: 128 }).effectiveBatch).toBeCloseTo(103, 0);
});

test("records stored at random, one record a unit, or a batch of one cost nothing", () => {
  const factor = (rho: number, recordsPerUnit: number, batchSize: number) =>
    shuffleContract({ window: 1, recordsPerUnit, rho, batchSize }).varianceFactor;
  expect([factor(0, 10, 8), factor(1, 1, 8), factor(1, 10, 1)]).toEqual([1, 1, 1]);
});

test("wrong options are refused by name", () => {
  const options = { window: 10, recordsPerUnit: 10, batchSize: 10 };
  expect(() => shuffleContract({ ...options, rho: 1.5 })).toThrow("options.rho must be from 0 to 1, got 1.5");
  expect(() => shuffleContract({ ...options, recordsPerUnit: 0.5 })).toThrow("options.recordsPerUnit");
  expect(() => shuffleContract({ ...options, window: 0 })).toThrow("options.window");
});
