import { expect, test } from "vitest";
import { createWindowOrder, createWindowSampler } from "../../src/sampler/index.js";
import { evenCounts, range, readAll, sorted } from "./support.js";

test("the default lanes leave each a unit of the window and four of the dataset", () => {
  const lanes = (units: number, window?: number) =>
    createWindowSampler({ counts: evenCounts(units * 10, 10), seed: 0, window }).parameters.lanes;
  expect([1, 7, 8, 40, 95, 96, 191, 192, 5000].map((units) => lanes(units))).toEqual([1, 1, 2, 6, 12, 24, 24, 48, 48]);
  expect([1, 2, 5, 23, 32, 47, 48, 512].map((window) => lanes(5000, window))).toEqual([1, 2, 4, 12, 24, 24, 48, 48]);
});

test("parameters hold the window and the lanes in use, and make the same order again", () => {
  const counts = evenCounts(3000, 10);
  const sampler = createWindowSampler({ counts, seed: 7, window: 5000 });
  expect(sampler.parameters).toEqual({ kind: "window", seed: 7, window: 300, lanes: 48 });
  expect(sampler.length).toBe(3000);
  const again = createWindowOrder({ counts, seed: 7, epoch: 4, window: 300, lanes: 48 });
  expect(readAll(sampler.epoch(4))).toEqual(readAll(again));
  expect(sorted(readAll(sampler.epoch(4)))).toEqual(range(3000));
  expect(readAll(sampler.epoch(4))).not.toEqual(readAll(sampler.epoch(5)));
});

test("wrong options are refused by name", () => {
  const counts = evenCounts(100, 10);
  expect(() => createWindowSampler({ counts, seed: 0.5 })).toThrow(
    "options.seed must be an integer within ±(2^53 - 1), got 0.5",
  );
  expect(() => createWindowSampler({ counts, seed: 0, window: 0 })).toThrow("options.window");
  expect(() => createWindowSampler({ counts, seed: 0, lanes: 0 })).toThrow("options.lanes");
});
