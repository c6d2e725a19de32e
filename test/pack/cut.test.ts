import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CutRecipe, contentCut, createCutter } from "../../src/pack/cut.js";

/** Record counts of the blocks that records of these sizes and hashes give; rows have no padding here. */
function blocksOf(recipe: CutRecipe, sizes: readonly number[], hashes: readonly number[] = []): number[] {
  const cutter = createCutter(recipe);
  const blocks: number[] = [];
  let [count, rawBytes] = [0, 0];
  for (const [record, recordBytes] of sizes.entries()) {
    const ask = () => cutter({ count, rawBytes, recordBytes, record, hash: () => hashes[record] ?? 2 ** 32 - 1 });
    count++;
    rawBytes += recordBytes;
    let cut = ask();
    if (cut === "before") {
      blocks.push(count - 1);
      [count, rawBytes] = [1, recordBytes];
      cut = ask();
    }
    if (cut === "after") {
      blocks.push(count);
      [count, rawBytes] = [0, 0];
    }
  }
  return count > 0 ? [...blocks, count] : blocks;
}

describe("content-defined cuts", () => {
  const recipe = contentCut(1000);

  it("follow the hash between a quarter of the target and four times as much", () => {
    const never = new Array(100).fill(100);
    expect(blocksOf(recipe, never)).toEqual([40, 40, 20]);
    expect(blocksOf(recipe, never, new Array(100).fill(0)).slice(0, 3)).toEqual([3, 3, 3]);
  });

  it("compare the hash with the record's share of target − smallest", () => {
    const threshold = Math.floor((2 ** 32 * 300) / 750);
    expect(blocksOf(recipe, [300, 300], [threshold - 1])).toEqual([1, 1]);
    expect(blocksOf(recipe, [300, 300], [threshold])).toEqual([2]);
  });

  it("put a record over the largest size alone in a block", () => {
    expect(blocksOf(recipe, [10, 9000, 10, 10])).toEqual([1, 1, 2]);
  });

  it("are the same again soon after an insertion", () => {
    const arbitrary = fc.array(fc.record({ size: fc.integer({ min: 1, max: 300 }), hash: fc.nat(2 ** 32 - 1) }), {
      minLength: 400,
      maxLength: 400,
    });
    fc.assert(
      fc.property(arbitrary, (records) => {
        const ends = (list: typeof records) => {
          let end = 0;
          const sizes = list.map(({ size }) => size);
          return blocksOf(
            recipe,
            sizes,
            list.map(({ hash }) => hash),
          ).map((count) => {
            end += count;
            return list.length - end;
          });
        };
        const before = new Set(ends(records));
        const after = ends([{ size: 77, hash: 2 ** 31 }, ...records]);
        expect(after.filter((end) => before.has(end)).length).toBeGreaterThan(after.length / 2);
      }),
      { seed: 5, numRuns: 50 },
    );
  });
});

describe("fixed cuts", () => {
  it("hold the number asked for", () => {
    expect(blocksOf({ cut: "fixed", targetBytes: 1000, records: 3 }, new Array(8).fill(1))).toEqual([3, 3, 2]);
  });

  it("else as many as fill the target at the mean size of the first", () => {
    const recipe: CutRecipe = { cut: "fixed", targetBytes: 1000, records: undefined };
    expect(blocksOf(recipe, new Array(25).fill(100))).toEqual([10, 10, 5]);
    expect(blocksOf(recipe, new Array(3).fill(5000))).toEqual([1, 1, 1]);
    // The first two take 800 bytes: two and a half of their size fill 1,000.
    expect(blocksOf(recipe, [400, 400, 400, 1, 1, 1])).toEqual([2, 2, 2]);
  });
});

describe("what no block can hold", () => {
  it("is E_LIMIT naming the record and its bytes", () => {
    const size = 64 * 2 ** 20 + 8;
    expect(() => blocksOf(contentCut(1000), [8, size])).toThrow(
      expect.objectContaining({ code: "E_LIMIT", context: { record: 1, bytes: size, limit: 64 * 2 ** 20 } }),
    );
    const half = 40 * 2 ** 20;
    expect(() => blocksOf({ cut: "fixed", targetBytes: 1000, records: 2 }, [half, half])).toThrow(
      /record 1 .*blockRecords/,
    );
  });
});
