import { totalmem } from "node:os";
import { expect, test } from "vitest";
import { availableCores, nowMs, randomBytes, totalMemoryBytes } from "../../src/platform/index.js";

test("the machine has cores, memory, a clock that goes forward and randomness", () => {
  expect(availableCores()).toBeGreaterThanOrEqual(1);
  expect(totalMemoryBytes()).toBeGreaterThan(2 ** 24);
  expect(totalMemoryBytes()).toBeLessThanOrEqual(totalmem());
  const start = nowMs();
  expect(nowMs()).toBeGreaterThanOrEqual(start);
  expect(randomBytes(16)).toHaveLength(16);
  expect(randomBytes(16)).not.toEqual(randomBytes(16));
});
