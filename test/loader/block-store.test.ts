import { describe, expect, it } from "vitest";
import type { BlockEntry } from "../../src/core/format/block-page.js";
import type { Snapshot } from "../../src/core/snapshot.js";
import { HexzError, isHexzError } from "../../src/errors.js";
import { createSharedMemory } from "../../src/kernels/index.js";
import { ARENA_PAGE_BYTES, Arena } from "../../src/loader/arena.js";
import { BlockStore } from "../../src/loader/block-store.js";
import type { Executor } from "../../src/loader/executor.js";
import type { Resident } from "../../src/loader/resident.js";

const BLOCK_BYTES = ARENA_PAGE_BYTES;

function entryOf(block: number): BlockEntry {
  const lengths = { storedLength: 8, encodedLength: BLOCK_BYTES, rawLength: BLOCK_BYTES };
  return {
    block,
    source: 0,
    offset: block,
    ...lengths,
    count: 1,
    checksumLow: 0,
    checksumHigh: 0,
    codec: 1,
    layout: 0,
  };
}

/** The members of a snapshot that a store uses. */
const snapshot = {
  name: "fake.hxz",
  header: { blocks: 32 },
  source: { descriptor: 3 },
  entry: entryOf,
} as unknown as Snapshot;

/** Decodes block n to bytes of value n; records the order; `fault` may throw instead. */
function fakeExecutor(arena: Arena, fault: (block: number) => void = () => {}) {
  const decoded: number[] = [];
  const executor: Executor = {
    threads: 1,
    stats: { decodeMs: 0, gatherMs: 0 },
    async run(task) {
      if (task.kind !== "decode") throw new TypeError("a store only decodes");
      for (const { entry, target } of task.jobs) {
        fault(entry.block);
        decoded.push(entry.block);
        arena.view(target, entry.rawLength).fill(entry.block);
      }
      return [];
    },
    async close() {},
    async [Symbol.asyncDispose]() {},
  };
  return { executor, decoded };
}

function setup(blocksInMemory: number, fault?: (block: number) => void) {
  const bytes = blocksInMemory * BLOCK_BYTES;
  const arena = new Arena(createSharedMemory(bytes), bytes);
  const store = new BlockStore(snapshot, arena);
  const { executor, decoded } = fakeExecutor(arena, fault);
  const plan = (blocks: number[], step = 0) => {
    const residents = store.plan(blocks, step, executor);
    store.start();
    return residents;
  };
  const use = async (residents: readonly Resident[]) => {
    try {
      await store.ready(residents);
    } catch (error) {
      store.unplan(residents);
      throw error;
    }
    const values = residents.map((resident) => arena.view(store.addresses[resident.block] ?? 0, 1)[0]);
    store.release(residents);
    return values;
  };
  return { arena, store, executor, decoded, plan, use };
}

describe("BlockStore", () => {
  it("decodes each planned block once, in the order of first use", async () => {
    const { plan, use, decoded } = setup(8);
    const first = plan([3, 1, 2]);
    const second = plan([1, 4], 1);
    expect(await use(first)).toEqual([3, 1, 2]);
    expect(await use(second)).toEqual([1, 4]);
    expect(decoded).toEqual([3, 1, 2, 4]);
  });

  it("leaves idle blocks where they are as long as there is room, and evicts the longest unused first", async () => {
    const { plan, use, decoded, arena, store } = setup(3);
    for (const block of [1, 2, 3]) await use(plan([block]));
    const again = plan([1, 4]);
    await use(again);
    await use(plan([1]));
    await use(plan([2]));
    expect(decoded).toEqual([1, 2, 3, 4, 2]);
    expect(store.stats).toMatchObject({ blocksDecoded: 5, evictions: 2, hits: 2, misses: 5 });
    expect(arena.usedBytes).toBeLessThanOrEqual(arena.limitBytes);
  });

  it("keeps a set of blocks from epoch to epoch, whatever the order: hits are its share", async () => {
    const { plan, use, store } = setup(6);
    store.keepAtMost(4 * BLOCK_BYTES);
    const blocks = Array.from({ length: 16 }, (_, i) => i + 1);
    for (const block of blocks) await use(plan([block]));
    expect(store.stats.keptBytes).toBe(4 * BLOCK_BYTES);
    const before = store.stats.hits;
    for (const block of blocks.toReversed()) await use(plan([block]));
    for (const block of blocks) await use(plan([block]));
    expect(store.stats.hits - before).toBeGreaterThanOrEqual(2 * 4);
    expect(store.plannedBlocks).toBe(0);
  });

  it("takes kept blocks only where a step could not go on otherwise", async () => {
    const { plan, use, store } = setup(3);
    store.keepAtMost(3 * BLOCK_BYTES);
    await use(plan([1, 2, 3]));
    plan([4]);
    await new Promise(setImmediate);
    expect(store.stats.evictions).toBe(0);
    expect(await use(plan([5]))).toEqual([5]);
    expect(store.stats.evictions).toBeGreaterThan(0);
  });

  it("goes on when more is planned than fits: later blocks wait for room, each step gets its blocks", async () => {
    const { plan, use, arena } = setup(2);
    const steps = [plan([1, 2], 0), plan([3, 4], 1), plan([1, 5], 2)];
    expect(await Promise.all(steps.map(use))).toEqual([
      [1, 2],
      [3, 4],
      [1, 5],
    ]);
    expect(arena.usedBytes).toBe(2 * BLOCK_BYTES);
  });

  it("gives way to what is needed now: a step that comes out of turn evicts what is needed farthest ahead", async () => {
    const { plan, use } = setup(2);
    const later = plan([1], 5);
    const last = plan([2], 9);
    await Promise.resolve();
    expect(await use(plan([3], 10))).toEqual([3]);
    expect(await use(later)).toEqual([1]);
    expect(await use(last)).toEqual([2]);
  });

  it("says so where the blocks of one step cannot fit, instead of waiting for ever", async () => {
    const { plan, use } = setup(2);
    await expect(use(plan([1, 2, 3]))).rejects.toSatisfy((error) => isHexzError(error, "E_LIMIT"));
  });

  it("fails only those who need the damaged block, frees its memory, and tries again for a later use", async () => {
    let isDamaged = true;
    const { plan, use, arena, store } = setup(8, (block) => {
      if (block === 2 && isDamaged) throw new HexzError("E_BLOCK_CORRUPT", "block 2 is damaged");
    });
    const steps = [plan([1, 2, 3]), plan([1, 3], 1), plan([2], 2)] as const;
    await expect(use(steps[0])).rejects.toSatisfy((error) => isHexzError(error, "E_BLOCK_CORRUPT"));
    expect(await use(steps[1])).toEqual([1, 3]);
    expect(arena.usedBytes).toBe(2 * BLOCK_BYTES);
    isDamaged = false;
    expect(await use(steps[2])).toEqual([2]);
    expect(store.plannedBlocks).toBe(0);
  });

  it("forgets uses that will not come, and rejects all who wait when it is closed", async () => {
    const { plan, store } = setup(4);
    store.unplan(plan([1, 2]));
    await new Promise(setImmediate); // what was under way ends as unused
    expect(store.plannedBlocks).toBe(0);
    const waiting = store.ready(plan([7]));
    store.close();
    await expect(waiting).rejects.toSatisfy((error) => isHexzError(error, "E_CLOSED"));
  });
});
