import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPlan } from "../../src/loader/plan.js";
import { RandomSampler } from "../../src/sampler/random-sampler.js";
import type { ShardTail } from "../../src/sampler/shard.js";
import { createUnitIndex } from "../../src/util/unit-index.js";

const counts = { units: 25, total: 247, perUnit: 10 };
const index = createUnitIndex(counts);

function stepsOf(world: number, rank: number, batchSize: number, position = 0, tail: ShardTail = "short") {
  const order = new RandomSampler(counts.total, { seed: 3 }).epoch(1);
  const plan = createPlan({ order, index, batchSize, shard: { rank, world }, tail, position });
  const steps = [];
  for (let step = plan.next(); step !== undefined; step = plan.next()) steps.push(step);
  expect(steps).toHaveLength(plan.steps);
  return { plan, steps };
}

describe("createPlan", () => {
  it("gives every rank the same number of steps, and every record to one rank once", () => {
    for (const world of [1, 2, 3, 4, 6, 8]) {
      for (const batchSize of [1, 7, 32, 300]) {
        const ranks = Array.from({ length: world }, (_, rank) => stepsOf(world, rank, batchSize).steps);
        expect(new Set(ranks.map((steps) => steps.length)).size).toBe(1);
        const records = ranks.flatMap((steps) => steps.flatMap((step) => [...step.indices])).sort((a, b) => a - b);
        expect(records).toEqual(Array.from({ length: counts.total }, (_, i) => i));
        for (const step of ranks.flat()) expect(step.indices.length).toBeLessThanOrEqual(batchSize);
      }
    }
  });

  it("says block and row of every record, each block once, in the order of first use", () => {
    for (const step of stepsOf(1, 0, 32).steps) {
      expect(new Set(step.blocks).size).toBe(step.blocks.length);
      const records = [...step.indices].map((_, i) => index.startOf(step.blockOf[i] ?? -1) + (step.rows[i] ?? 0));
      expect(records).toEqual([...step.indices]);
      expect([...new Set(step.blockOf)]).toEqual(step.blocks);
    }
  });

  it("goes on at any position with exactly the rest, in any world", () => {
    fc.assert(
      fc.property(
        fc.nat(counts.total),
        fc.constantFrom(1, 2, 3, 4, 6, 8),
        fc.integer({ min: 1, max: 40 }),
        (position, world, batchSize) => {
          const order = new RandomSampler(counts.total, { seed: 3 }).epoch(1);
          const rest = new Float64Array(counts.total - position);
          if (rest.length > 0) order.fill(position, 1, rest);
          const given = Array.from({ length: world }, (_, rank) => stepsOf(world, rank, batchSize, position).steps)
            .flat()
            .flatMap((step) => [...step.indices]);
          expect(given.sort()).toEqual([...rest].sort());
        },
      ),
      { seed: 4, numRuns: 60 },
    );
  });

  it("drops the last, smaller step when told to", () => {
    const { steps, plan } = stepsOf(2, 1, 32, 0, "drop");
    expect(plan.steps).toBe(3);
    expect(steps.every((step) => step.indices.length === 32)).toBe(true);
  });

  it("fills the last step up for every rank when told to, with the first records of the epoch", () => {
    const order = new RandomSampler(counts.total, { seed: 3 }).epoch(1);
    const all = new Float64Array(counts.total);
    order.fill(0, 1, all);
    const ranks = [0, 1, 2].map((rank) => stepsOf(3, rank, 32, 0, "pad").steps);
    for (const steps of ranks) expect(steps.map(({ indices }) => indices.length)).toEqual([32, 32, 32]);
    const records = ranks.flatMap((steps) => steps.flatMap(({ indices }) => [...indices]));
    expect(records.sort()).toEqual([...all, ...all.slice(0, 3 * 96 - counts.total)].sort());
  });

  it("numbers steps from the start of the epoch and says where each ends", () => {
    expect(stepsOf(1, 0, 100).steps.map(({ step, end }) => [step, end])).toEqual([
      [0, 100],
      [1, 200],
      [2, 247],
    ]);
    expect(stepsOf(1, 0, 100, 100).steps.map(({ step, end }) => [step, end])).toEqual([
      [1, 200],
      [2, 247],
    ]);
  });
});
