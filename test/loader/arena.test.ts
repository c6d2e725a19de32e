import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSharedMemory, RESERVED_BYTES } from "../../src/kernels/index.js";
import type { Slot } from "../../src/loader/arena.js";
import { ARENA_PAGE_BYTES, Arena } from "../../src/loader/arena.js";

const PAGE = ARENA_PAGE_BYTES;

const createArena = (bytes: number) => new Arena(createSharedMemory(Math.max(1, bytes)), bytes);

describe("Arena", () => {
  it("never hands out overlapping slots, whatever is taken and given back", () => {
    const steps = fc.array(
      fc.record({ bytes: fc.integer({ min: 1, max: 6 * PAGE }), free: fc.boolean(), pick: fc.nat() }),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(steps, (script) => {
        const arena = createArena(40 * PAGE);
        const live: Slot[] = [];
        for (const { bytes, free, pick } of script) {
          if (free && live.length > 0) arena.free(live.splice(pick % live.length, 1)[0] as Slot);
          const slot = arena.allocate(bytes);
          if (slot === undefined) continue;
          expect(slot.bytes).toBeGreaterThanOrEqual(bytes);
          for (const other of live) expect(overlap(slot, other)).toBe(false);
          live.push(slot);
        }
        expect(arena.usedBytes).toBe(live.reduce((sum, slot) => sum + slot.bytes, 0));
        expect(arena.usedBytes).toBeLessThanOrEqual(40 * PAGE);
      }),
      { seed: 20, numRuns: 300 },
    );
  });

  it("joins neighbours again: after all is given back the whole budget is one run", () => {
    const arena = createArena(8 * PAGE);
    const slots = Array.from({ length: 8 }, () => arena.allocate(PAGE) as Slot);
    expect(arena.allocate(1)).toBeUndefined();
    for (const at of [3, 0, 7, 1, 2, 6, 4, 5]) arena.free(slots[at] as Slot);
    expect(arena.allocate(8 * PAGE)).toEqual({ at: RESERVED_BYTES, bytes: 8 * PAGE });
  });

  it("gives views of shared memory that keep their bytes", () => {
    const arena = createArena(2 * PAGE);
    const slot = arena.allocate(100) as Slot;
    arena.view(slot.at, 100).fill(7);
    expect(arena.view(slot.at, 100).every((byte) => byte === 7)).toBe(true);
    expect(arena.view(slot.at, 100).buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  it("takes memory from the system only as it is needed, and keeps what is written when more comes", () => {
    const arena = createArena(64 * 2 ** 20);
    const first = arena.allocate(PAGE) as Slot;
    const early = arena.memory.buffer.byteLength;
    expect(early).toBeLessThan(32 * 2 ** 20);
    arena.view(first.at, PAGE).fill(5);
    arena.allocate(60 * 2 ** 20);
    expect(arena.memory.buffer.byteLength).toBeGreaterThan(early);
    expect(arena.view(first.at, PAGE).every((byte) => byte === 5)).toBe(true);
  });

  it("has one page at least", () => {
    expect(createArena(0).limitBytes).toBe(PAGE);
  });
});

function overlap(a: Slot, b: Slot): boolean {
  return a.at < b.at + b.bytes && b.at < a.at + a.bytes;
}
