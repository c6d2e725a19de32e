import { describe, expect, it } from "vitest";
import type { RawBlock } from "../../src/dataset/encode.js";
import type { PackedBlock } from "../../src/pack/encode-block.js";
import { type BlockEncoder, encodeInOrder } from "../../src/pack/encode-pool.js";

/** What a block encoded with this number gives. */
function packed(count: number): PackedBlock {
  const entry = {
    storedLength: 0,
    encodedLength: 0,
    rawLength: 0,
    count,
    checksumLow: 0,
    checksumHigh: 0,
    codec: 0,
    layout: 0,
  };
  return { block: { stored: new Uint8Array(0), entry, hash: new Uint8Array(32) }, statistics: undefined };
}

/** An encoder whose blocks finish when the test says so. */
function manualEncoder(limit: number) {
  const waiting = new Map<number, { resolve: (block: PackedBlock) => void; reject: (error: Error) => void }>();
  const encoder: BlockEncoder = {
    limit,
    encode: ({ count }) => new Promise((resolve, reject) => waiting.set(count, { resolve, reject })),
    [Symbol.asyncDispose]: async () => {},
  };
  return { encoder, waiting };
}

/** `count` blocks, numbered by their count, and how many were asked for. */
function numbered(count: number) {
  const state = { asked: 0 };
  const blocks = (async function* (): AsyncGenerator<RawBlock> {
    while (state.asked < count) yield { raw: new Uint8Array(1), count: state.asked++ };
  })();
  return { blocks, state };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("encodeInOrder", () => {
  it("asks for no more blocks than the limit while none is finished", async () => {
    const { encoder, waiting } = manualEncoder(4);
    const { blocks, state } = numbered(10);
    const results = encodeInOrder(blocks, encoder);
    const first = results.next();
    await turn();
    expect([state.asked, waiting.size]).toEqual([4, 4]);
    for (const [count, { resolve }] of waiting) if (count !== 0) resolve(packed(count));
    await turn();
    // Finished ones wait for the first: they still count.
    expect(state.asked).toBe(4);
    waiting.get(0)?.resolve(packed(0));
    expect((await first).value?.block.entry.count).toBe(0);
    await results.return();
  });

  it("gives blocks in the order of the input, however they finish", async () => {
    const { encoder, waiting } = manualEncoder(4);
    const seen: number[] = [];
    const consuming = (async () => {
      for await (const { block } of encodeInOrder(numbered(10).blocks, encoder)) seen.push(block.entry.count);
    })();
    for (let round = 0; round < 12; round++) {
      await turn();
      for (const [count, { resolve }] of [...waiting].reverse()) resolve(packed(count));
    }
    await consuming;
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("tells a failure in its turn, and waits for the rest before it ends", async () => {
    const { encoder, waiting } = manualEncoder(3);
    const results = encodeInOrder(numbered(3).blocks, encoder);
    const first = results.next();
    await turn();
    waiting.get(1)?.reject(new Error("block 1"));
    waiting.get(0)?.resolve(packed(0));
    await first;
    let isSettled = false;
    const second = results.next().finally(() => {
      isSettled = true;
    });
    second.catch(() => undefined);
    await turn();
    expect(isSettled).toBe(false);
    waiting.get(2)?.resolve(packed(2));
    await expect(second).rejects.toThrow("block 1");
  });
});
