import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSharedMemory } from "../../src/kernels/index.js";
import { ARENA_PAGE_BYTES, Arena } from "../../src/loader/arena.js";
import type { BatchBuffer, RingMemory } from "../../src/loader/batch-ring.js";
import { BatchRing } from "../../src/loader/batch-ring.js";

const PAGE = ARENA_PAGE_BYTES;

/** A ring over an arena of so many pages; records what it asks for and how often it says that a buffer came back. */
function setup(pages: number, bufferBytes: number, count: number) {
  const arena = new Arena(createSharedMemory(pages * PAGE), pages * PAGE);
  const needed: boolean[] = [];
  const memory: RingMemory = {
    reserve(bytes, isNeeded) {
      needed.push(isNeeded);
      return arena.allocate(bytes);
    },
    free: (slot) => arena.free(slot),
  };
  let freed = 0;
  const ring = new BatchRing(memory, bufferBytes, count, () => freed++);
  return { arena, ring, needed, freed: () => freed };
}

const acquire = (ring: BatchRing): BatchBuffer => {
  const buffer = ring.acquire();
  if (buffer === undefined) throw new Error("no buffer is free");
  return buffer;
};

describe("BatchRing", () => {
  it("takes as many buffers as it is asked for, or as there is room for; only the first two at any price", () => {
    const { ring, needed, arena } = setup(100, 3 * PAGE, 5);
    expect(ring.size).toBe(5);
    expect(needed).toEqual([true, true, false, false, false]);
    expect(arena.usedBytes).toBe(15 * PAGE);
    expect(setup(8, 3 * PAGE, 5).ring.size).toBe(2);
    expect(setup(2, 3 * PAGE, 5).ring.size).toBe(0);
  });

  it("gives every buffer out once, and again only after its release, the longest free first", () => {
    const { ring, freed } = setup(100, PAGE, 3);
    const [a, b, c] = [acquire(ring), acquire(ring), acquire(ring)];
    expect(new Set([a, b, c].map(({ slot }) => slot.at)).size).toBe(3);
    expect(ring.acquire()).toBeUndefined();
    ring.release(b);
    ring.release(a);
    expect(freed()).toBe(2);
    expect([ring.acquire(), ring.acquire(), ring.acquire()]).toEqual([b, a, undefined]);
  });

  it("lends all but two of its buffers, and a release lets it lend again", () => {
    const { ring } = setup(100, PAGE, 4);
    const lent = [acquire(ring), acquire(ring)];
    expect(ring.mayLend).toBe(true);
    for (const buffer of lent) ring.lend(buffer);
    expect(ring.mayLend).toBe(false);
    ring.release(lent[0] as BatchBuffer);
    expect(ring.mayLend).toBe(true);
    ring.release(acquire(ring)); // a buffer that was not lent changes nothing
    expect(ring.mayLend).toBe(true);
    expect(setup(100, PAGE, 2).ring.mayLend).toBe(false);
    expect(setup(1, PAGE, 2).ring.mayLend).toBe(false);
  });

  it("makes a buffer longer, and leaves it as it is where there is no room", () => {
    const { ring, arena } = setup(10, PAGE, 2);
    const buffer = acquire(ring);
    expect(ring.enlarge(buffer, 4 * PAGE + 1)).toBe(true);
    expect(buffer.slot.bytes).toBe(5 * PAGE);
    expect(arena.usedBytes).toBe(6 * PAGE);
    const { slot } = buffer;
    expect(ring.enlarge(buffer, 9 * PAGE)).toBe(false);
    expect(buffer.slot).toBe(slot);
  });

  it("keeps a buffer that became a little longer, but not a much longer one: a ring of those would take all memory", () => {
    const { ring, arena } = setup(40, 3 * PAGE, 4);
    for (let round = 0; round < 8; round++) {
      const [longer, longest] = [acquire(ring), acquire(ring)];
      expect(ring.enlarge(longer, 6 * PAGE)).toBe(true);
      expect(ring.enlarge(longest, 6 * PAGE + 1)).toBe(true);
      ring.release(longer);
      ring.release(longest);
      expect([longer.slot.bytes, longest.slot.bytes]).toEqual([6 * PAGE, 3 * PAGE]);
    }
    expect(arena.usedBytes).toBeLessThanOrEqual(4 * 6 * PAGE);
    ring.close();
    expect(arena.usedBytes).toBe(0);
  });

  it("gives the memory of free buffers back when it closes, and of others when they are released", () => {
    const { ring, arena, freed } = setup(100, PAGE, 4);
    const [gathering, lent] = [acquire(ring), acquire(ring)];
    ring.lend(lent);
    ring.close();
    ring.close();
    expect(arena.usedBytes).toBe(2 * PAGE);
    expect(ring.acquire()).toBeUndefined();
    ring.release(gathering);
    expect(arena.usedBytes).toBe(PAGE);
    ring.release(lent);
    expect(arena.usedBytes).toBe(0);
    expect(ring.acquire()).toBeUndefined();
    expect(freed()).toBe(2);
  });

  it("never has one buffer in two hands, nor loses one, whatever is done in whatever order", () => {
    const actions = fc.array(fc.constantFrom("acquire", "lend", "release", "enlarge"), { maxLength: 80 });
    const property = fc.property(actions, fc.infiniteStream(fc.nat()), fc.nat(5), (script, picks, count) => {
      const { ring, arena } = setup(64, PAGE, count);
      const held: BatchBuffer[] = [];
      for (const action of script) {
        const pick = picks.next().value % Math.max(1, held.length);
        const buffer = held[pick];
        if (action === "acquire") {
          const fresh = ring.acquire();
          expect(fresh === undefined).toBe(held.length === ring.size);
          if (fresh === undefined) continue;
          expect(fresh.isLent).toBe(false);
          held.push(fresh);
        } else if (buffer === undefined) continue;
        else if (action === "release") ring.release(held.splice(pick, 1)[0] as BatchBuffer);
        else if (action === "enlarge") ring.enlarge(buffer, buffer.slot.bytes + 1);
        else if (!buffer.isLent && ring.mayLend) ring.lend(buffer);
        expect(new Set(held.map(({ slot }) => slot.at)).size).toBe(held.length);
        expect(held.filter(({ isLent }) => isLent).length).toBeLessThanOrEqual(Math.max(0, ring.size - 2));
      }
      ring.close();
      for (const buffer of held) ring.release(buffer);
      expect(arena.usedBytes).toBe(0);
    });
    fc.assert(property, { seed: 31, numRuns: 200 });
  });
});
