import { expect, test } from "vitest";
import {
  createWindowSampler,
  MixtureSampler,
  RandomSampler,
  SequentialSampler,
  SubsetRandomSampler,
} from "../../src/sampler/index.js";
import { evenCounts, range, read, readAll, sorted } from "./support.js";

const sources = () => [
  { sampler: createWindowSampler({ counts: evenCounts(600, 20), seed: 1, window: 8 }) },
  { sampler: new RandomSampler(100, { seed: 1 }) },
  { sampler: new SubsetRandomSampler([3, 5, 8], { seed: 1 }), records: 10 },
];

test("without options every record of every sampler comes once, numbered through", () => {
  const sampler = new MixtureSampler(sources());
  expect(sampler.length).toBe(703);
  expect(sampler.firstRecords).toEqual([0, 600, 700]);
  expect(sorted(readAll(sampler.epoch(2)))).toEqual([...range(700), 703, 705, 708]);
});

test("records stand where the mixture says, in the order of each source's sampler, every pass anew", () => {
  const sampler = new MixtureSampler(sources(), { weights: [1, 1, 1], stop: "all-exhausted", seed: 4 });
  for (const epoch of [0, 3]) {
    const order = readAll(sampler.epoch(epoch));
    const expected = range(sampler.length).map((position) => {
      const { source, index, pass } = sampler.mixture.at(position);
      const own = sources()[source]?.sampler.epoch(sampler.mixture.epochOf(source, epoch, pass));
      return (sampler.firstRecords[source] ?? 0) + (own === undefined ? Number.NaN : (read(own, index, 1, 1)[0] ?? 0));
    });
    expect(order).toEqual(expected);
    const second = order.filter((record) => record >= 600 && record < 700);
    expect(sorted(second.slice(0, 100))).toEqual(sorted(second.slice(100, 200)));
    expect(second.slice(0, 100)).not.toEqual(second.slice(100, 200));
  }
});

test("resumed at any position and in any world the rest is the same", () => {
  const make = () => new MixtureSampler(sources(), { weights: [5, 3, 2], stop: 1500 }).epoch(1);
  const all = readAll(make());
  for (const start of [0, 1, 700, 1499]) expect(read(make(), start, 1, 1500 - start)).toEqual(all.slice(start));
  for (const world of [2, 3, 8]) {
    for (const rank of range(world)) {
      const count = Math.ceil((1500 - rank) / world);
      expect(read(make(), rank, world, count)).toEqual(range(count).map((at) => all[rank + at * world]));
    }
  }
});

test("parameters tell the samplers and their records apart", () => {
  const of = (seed: number, records: number) =>
    JSON.stringify(new MixtureSampler([{ sampler: new RandomSampler(50, { seed }), records }]).parameters);
  expect(new Set([of(1, 50), of(2, 50), of(1, 60)]).size).toBe(3);
  expect(of(1, 50)).toBe(of(1, 50));
});

test("wrong sources are refused, and so is a record that a source does not have", () => {
  expect(() => new MixtureSampler([])).toThrow("sources must be a list");
  expect(() => new MixtureSampler([{ sampler: [1, 2] as never }])).toThrow("sources[0].sampler must be a Sampler");
  expect(() => new MixtureSampler([{ sampler: new SequentialSampler(3), records: 0 }])).toThrow("sources[0].records");
  const short = new MixtureSampler([{ sampler: new SequentialSampler(3), records: 2 }]);
  expect(() => readAll(short.epoch(0))).toThrow("a source of 2 records has no record 2");
});
