import fc from "fast-check";
import { expect, test } from "vitest";
import { createShardPlan, fillStep, RandomSampler, type ShardPlanOptions } from "../../src/sampler/index.js";
import { range, readAll, sorted } from "./support.js";

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

test.each([1, 2, 3, 4, 6, 8])("world %i: a padded tail gives every rank full steps, from any start", (world) => {
  const numbers = { length: fc.nat({ max: 200 }), batchSize: fc.integer({ min: 1, max: 20 }), at: fc.nat() };
  fc.assert(
    fc.property(fc.record(numbers), ({ length, batchSize, at }) => {
      const start = at % (length + 1);
      const ranks = plans({ length, batchSize, tail: "pad", start }, world);
      const short = plans({ length, batchSize, tail: "short", start }, world);
      const globalBatch = batchSize * world;
      const steps = Math.ceil((length - start) / globalBatch);
      expect(ranks.map((plan) => plan.steps)).toEqual(range(world).map(() => steps));
      for (let step = 0; step < steps; step++) {
        const shares = ranks.map((plan) => plan.step(step));
        const from = start + step * globalBatch;
        const to = Math.min(from + globalBatch, length);
        expect(shares.every((share) => share.size === batchSize && share.from === from && share.to === to)).toBe(true);
        expect(shares.reduce((sum, share) => sum + share.padded, 0)).toBe(globalBatch - (to - from));
        const positions = shares.map(({ first, stride, size }) => range(size).map((index) => first + index * stride));
        expect(sorted(positions.flat())).toEqual(range(globalBatch).map((index) => from + index));
        shares.forEach(({ padded, first, stride, size }, rank) => {
          expect(positions[rank]?.filter((position) => position >= length).length).toBe(padded);
          const { padded: none, ...own } = short[rank]?.step(step) ?? { padded: -1 };
          expect([none, own]).toEqual([0, { from, to, first, stride, size: size - padded }]);
        });
      }
    }),
    { seed: 52, numRuns: 200 },
  );
});

test.each([1, 2, 4, 8])(
  "world %i: padding is the first records of the same epoch, in every world the same",
  (world) => {
    for (const [length, globalBatch] of [
      [100, 24],
      [96, 24],
      [5, 16],
      [1, 8],
    ] as const) {
      const order = new RandomSampler(length, { seed: 1 }).epoch(4);
      const all = readAll(order);
      const ranks = plans({ length, batchSize: globalBatch / world, tail: "pad" }, world);
      const last = (ranks[0]?.steps ?? 0) - 1;
      const shares = ranks.map((plan) => {
        const step = plan.step(last);
        const records = new Float64Array(step.size);
        fillStep(order, step, records);
        return {
          own: Array.from(records.subarray(0, step.size - step.padded)),
          padding: Array.from(records.subarray(step.size - step.padded)),
        };
      });
      const missing = (last + 1) * globalBatch - length;
      const tail = all.slice(last * globalBatch);
      expect(sorted(shares.flatMap(({ own }) => own))).toEqual(sorted(tail));
      const padding = range(missing).map((at) => all[at % length] ?? Number.NaN);
      expect(sorted(shares.flatMap((share) => share.padding))).toEqual(sorted(padding));
    }
  },
);

test("a rank with nothing of its own is all padding", () => {
  const shares = plans({ length: 10, batchSize: 2, tail: "pad" }, 4).map((plan) => plan.step(1));
  expect(shares.map(({ size, padded }) => [size, padded])).toEqual([
    [2, 1],
    [2, 1],
    [2, 2],
    [2, 2],
  ]);
  expect(plans({ length: 0, batchSize: 2, tail: "pad" }, 2).map((plan) => plan.steps)).toEqual([0, 0]);
});

test("dropLast is one of the tails, and allows no other", () => {
  const plan = (options: Partial<ShardPlanOptions>) =>
    createShardPlan({ length: 10, batchSize: 4, shard: { rank: 0, world: 1 }, ...options });
  expect(plan({ tail: "drop" }).steps).toBe(plan({ dropLast: true }).steps);
  expect(plan({ tail: "drop", dropLast: false }).steps).toBe(2);
  expect(plan({ tail: "short" }).step(2)).toEqual(plan({ dropLast: false }).step(2));
  expect(plan({}).step(2)).toEqual({ from: 8, to: 10, first: 8, stride: 1, size: 2, padded: 0 });
  expect(() => plan({ dropLast: true, tail: "pad" })).toThrow(
    'options.tail must be "drop" where options.dropLast is true',
  );
  expect(() => plan({ tail: "cut" as never })).toThrow('options.tail must be one of "drop", "pad", "short", got "cut"');
  expect(() => plan({ dropLast: 1 as never })).toThrow("options.dropLast");
});

test("fillStep refuses a target of another size and a step of another order", () => {
  const order = new RandomSampler(10, { seed: 1 }).epoch(0);
  const step = createShardPlan({ length: 20, batchSize: 20, shard: { rank: 0, world: 1 } }).step(0);
  expect(() => fillStep(order, step, new Float64Array(19))).toThrow("target must hold 20 numbers, got 19");
  expect(() => fillStep(order, step, new Float64Array(20))).toThrow("positions must lie in [0, 10)");
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
