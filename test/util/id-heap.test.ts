import fc from "fast-check";
import { expect, test } from "vitest";
import { createIdHeap } from "../../src/util/id-heap.js";

test("ids come out by key, equal keys by id, whatever goes in between", () => {
  const keys = fc.array(fc.nat({ max: 8 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(keys, fc.array(fc.nat(), { maxLength: 120 }), (list, moves) => {
      const heap = createIdHeap(Float64Array.from(list));
      const inside = new Set<number>();
      const first = () => Array.from(inside).sort((a, b) => (list[a] ?? 0) - (list[b] ?? 0) || a - b)[0];
      for (const move of moves) {
        const id = move % list.length;
        if (inside.has(id)) {
          const expected = first();
          expect(heap.pop()).toBe(expected);
          inside.delete(expected ?? -1);
        } else {
          heap.push(id);
          inside.add(id);
        }
      }
      while (inside.size > 0) {
        const expected = first();
        expect(heap.pop()).toBe(expected);
        inside.delete(expected ?? -1);
      }
    }),
    { seed: 1, numRuns: 300 },
  );
});

test("a cleared heap is empty", () => {
  const heap = createIdHeap(Float64Array.of(3, 1, 2));
  heap.push(1);
  heap.clear();
  heap.push(0);
  heap.push(2);
  expect([heap.pop(), heap.pop()]).toEqual([2, 0]);
});
