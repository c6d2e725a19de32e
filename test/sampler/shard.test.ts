import fc from "fast-check";
import { expect, test } from "vitest";
import { createShardPlan, type ShardPlanOptions } from "../../src/sampler/index.js";
import { range, sorted } from "./support.js";

function plans(options: Omit<ShardPlanOptions, "shard">, world: number) {
  return range(world).map((rank) => createShardPlan({ ...options, shard: { rank, world } }));
}

test.each([1, 2, 3, 4, 6, 8])("world %i: ranks share every position once, evenly, from any start", (world) => {
  const numbers = {
    length: fc.nat({ max: 300 }),
    batchSize: fc.integer({ min: 1, max: 20 }),
    at: fc.nat(),
    dropLast: fc.boolean(),
  };
  fc.assert(
    fc.property(fc.record(numbers), ({ length, batchSize, at, dropLast }) => {
      const start = at % (length + 1);
      const ranks = plans({ length, batchSize, dropLast, start }, world);
      const steps = ranks[0]?.steps ?? -1;
      const globalBatch = batchSize * world;
      expect(ranks.map((plan) => plan.steps)).toEqual(range(world).map(() => steps));
      for (let step = 0; step < steps; step++) {
        const shares = ranks.map((plan) => plan.step(step));
        const from = start + step * globalBatch;
        const to = Math.min(from + globalBatch, length);
        const positions = shares.map(({ first, stride, size }) => range(size).map((index) => first + index * stride));
        expect(sorted(positions.flat())).toEqual(range(to).slice(from));
        positions.forEach((own, rank) => {
          expect(own.every((position) => position % world === rank)).toBe(true);
        });
        const sizes = shares.map((share) => share.size);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(to - from === globalBatch ? 0 : 1);
        expect(Math.max(...sizes)).toBeLessThanOrEqual(batchSize);
        expect(shares.every((share) => share.from === from && share.to === to)).toBe(true);
      }
      const covered = Math.min(start + steps * globalBatch, length);
      expect(length - covered).toBeLessThan(dropLast ? globalBatch : 1);
    }),
    { seed: 51, numRuns: 300 },
  );
});

test("a last step with fewer positions than ranks leaves some empty", () => {
  const sizes = plans({ length: 10, batchSize: 2 }, 4).map((plan) => plan.step(1).size);
  expect(sizes).toEqual([1, 1, 0, 0]);
});

test("wrong options and steps are refused by name", () => {
  const options = { length: 10, batchSize: 2, shard: { rank: 0, world: 1 } };
  expect(() => createShardPlan({ ...options, batchSize: 0 })).toThrow(
    "options.batchSize must be an integer >= 1, got 0",
  );
  expect(() => createShardPlan({ ...options, start: 11 })).toThrow(
    "options.start must be an integer from 0 to 10, got 11",
  );
  expect(() => createShardPlan({ ...options, shard: { rank: 2, world: 2 } })).toThrow("options.shard.rank must be");
  expect(() => createShardPlan({ ...options, shard: { rank: 0, world: 0 } })).toThrow("options.shard.world must be");
  for (const step of [-1, 5, 0.5]) expect(() => createShardPlan(options).step(step)).toThrow(RangeError);
});
