import { describe, expect, it } from "vitest";
import type { BlockEntry } from "../../src/core/format/block-page.js";
import type { Snapshot } from "../../src/core/snapshot.js";
import { HexzError, isHexzError } from "../../src/errors.js";
import { ARENA_PAGE_BYTES, Arena } from "../../src/loader/arena.js";
import { BlockStore } from "../../src/loader/block-store.js";
import type { Decoder } from "../../src/loader/decoder.js";
import type { DecodeTask } from "../../src/loader/workers/protocol.js";

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

/** The two members of a snapshot that a store uses. */
const snapshot = { name: "fake.hxz", source: { descriptor: 3 }, entry: entryOf } as unknown as Snapshot;

/** Decodes block n to bytes of value n; records the order; `fault` may throw instead. */
function fakeDecoder(fault: (block: number, attempt: number) => void = () => {}) {
  const decoded: number[] = [];
  const attempts = new Map<number, number>();
  const decoder: Decoder = {
    threads: 1,
    async decode({ jobs, chunks }: DecodeTask) {
      for (const { entry, target } of jobs) {
        const attempt = (attempts.get(entry.block) ?? 0) + 1;
        attempts.set(entry.block, attempt);
        fault(entry.block, attempt);
        decoded.push(entry.block);
        new Uint8Array(chunks[target.chunk] ?? new ArrayBuffer(0), target.offset, entry.rawLength).fill(entry.block);
      }
    },
    async close() {},
    async [Symbol.asyncDispose]() {},
  };
  return { decoder, decoded };
}

function setup(blocksInMemory: number, fault?: (block: number, attempt: number) => void) {
  const arena = new Arena(blocksInMemory * BLOCK_BYTES);
  const store = new BlockStore(snapshot, arena);
  const { decoder, decoded } = fakeDecoder(fault);
  const plan = (blocks: number[], step = 0) => {
    for (const block of blocks) store.plan(block, step, decoder);
    store.start();
  };
  const use = async (blocks: number[], step = 0) => {
    try {
      await store.ready(blocks, step, decoder);
      return blocks.map((block) => store.view(block)[0]);
    } finally {
      store.release(blocks);
    }
  };
  return { arena, store, decoder, decoded, plan, use };
}

describe("BlockStore", () => {
  it("decodes each planned block once, in the order of first use", async () => {
    const { plan, use, decoded } = setup(8);
    plan([3, 1, 2]);
    plan([1, 4], 1);
    expect(await use([3, 1, 2])).toEqual([3, 1, 2]);
    expect(await use([1, 4], 1)).toEqual([1, 4]);
    expect(decoded).toEqual([3, 1, 2, 4]);
  });

  it("keeps what fits for later, and evicts the longest unused first", async () => {
    const { plan, use, decoded, arena, store } = setup(3);
    for (const block of [1, 2, 3]) {
      plan([block]);
      await use([block]);
    }
    plan([1, 4]);
    await use([1]);
    await use([4]);
    plan([1]);
    await use([1]);
    plan([2]);
    await use([2]);
    expect(decoded).toEqual([1, 2, 3, 4, 2]);
    expect(store.stats).toMatchObject({ blocksDecoded: 5, evictions: 2 });
    expect(arena.usedBytes).toBeLessThanOrEqual(arena.limitBytes);
  });

  it("goes on when more is planned than fits: later blocks wait for room, each step gets its blocks", async () => {
    const { plan, use, arena } = setup(2);
    plan([1, 2], 0);
    plan([3, 4], 1);
    plan([1, 5], 2);
    expect(await use([1, 2], 0)).toEqual([1, 2]);
    expect(await use([3, 4], 1)).toEqual([3, 4]);
    expect(await use([1, 5], 2)).toEqual([1, 5]);
    expect(arena.usedBytes).toBe(2 * BLOCK_BYTES);
  });

  it("gives way to what is needed now: a step that comes out of turn evicts what is needed farthest ahead", async () => {
    const { plan, use } = setup(2);
    plan([1], 5);
    plan([2], 9);
    await Promise.resolve();
    plan([3], 10);
    expect(await use([3], 10)).toEqual([3]);
    expect(await use([1], 5)).toEqual([1]);
    expect(await use([2], 9)).toEqual([2]);
  });

  it("says so where the blocks of one step cannot fit, instead of waiting for ever", async () => {
    const { plan, use } = setup(2);
    plan([1, 2, 3]);
    await expect(use([1, 2, 3])).rejects.toSatisfy((error) => isHexzError(error, "E_LIMIT"));
  });

  it("decodes again what a dead worker had, and gives up after three times", async () => {
    const dies = (until: number) => (block: number, attempt: number) => {
      if (block === 2 && attempt <= until) throw new HexzError("E_WORKER", "a worker died");
    };
    const mended = setup(8, dies(2));
    mended.plan([1, 2, 3]);
    expect(await mended.use([1, 2, 3])).toEqual([1, 2, 3]);
    const broken = setup(8, dies(99));
    broken.plan([1, 2, 3]);
    await expect(broken.use([1, 2, 3])).rejects.toSatisfy((error) => isHexzError(error, "E_WORKER"));
  });

  it("fails only those who need the damaged block, and frees its memory", async () => {
    const { plan, use, arena, store, decoder } = setup(8, (block) => {
      if (block === 2) throw new HexzError("E_BLOCK_CORRUPT", "block 2 is damaged");
    });
    plan([1, 2, 3]);
    plan([1, 3], 1);
    await expect(use([1, 2, 3])).rejects.toSatisfy((error) => isHexzError(error, "E_BLOCK_CORRUPT"));
    expect(await use([1, 3], 1)).toEqual([1, 3]);
    expect(arena.usedBytes).toBe(2 * BLOCK_BYTES);
    expect(store.plannedBlocks).toBe(0);
    expect(decoder.threads).toBe(1);
  });

  it("forgets uses that will not come, and rejects all who wait when it is closed", async () => {
    const { plan, store, decoder } = setup(4);
    plan([1, 2]);
    for (const block of [1, 2]) store.unplan(block);
    await new Promise(setImmediate); // what was under way ends as unused
    expect(store.plannedBlocks).toBe(0);
    plan([7]);
    const waiting = store.ready([7], 0, decoder);
    store.close();
    await expect(waiting).rejects.toSatisfy((error) => isHexzError(error, "E_CLOSED"));
  });
});
