import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMemorySource } from "../../../src/core/storage/index.js";
import { withCoalescing } from "../../../src/core/storage/with-coalescing.js";
import { withCounter } from "../../support/counting-source.js";
import { BYTES, createHeldSource, failure, isRight, turn } from "./support.js";

const limits = { gapBytes: 20, requestBytes: 200, waste: 0.5 };

function read(source: { readInto: ReturnType<typeof createHeldSource>["readInto"] }, offset: number, length: number) {
  const target = new Uint8Array(length);
  const controller = new AbortController();
  const done = source.readInto(offset, target, { signal: controller.signal });
  return { target, done, abort: (message: string) => controller.abort(new Error(message)), offset };
}

/** `[offset, length]` of each request so far. */
const asked = (held: ReturnType<typeof createHeldSource>) => held.reads.map(({ offset, length }) => [offset, length]);

describe("withCoalescing", () => {
  it("asks once for what is wanted together, and gives each its bytes", async () => {
    const counted = withCounter(createMemorySource(BYTES));
    const source = withCoalescing(counted, limits);
    const reads = [read(source, 100, 50), read(source, 10, 20), read(source, 1000, 5), read(source, 160, 30)];
    await Promise.all(reads.map(({ done }) => done));
    expect(reads.every(({ target, offset }) => isRight(target, offset))).toBe(true);
    // What was asked for first goes first.
    expect(counted.ranges).toEqual([
      [100, 90],
      [10, 20],
      [1000, 5],
    ]);
  });

  it("reads what is longer than a request in pieces, side by side", async () => {
    const held = createHeldSource();
    const long = read(withCoalescing(held, limits), 0, 500);
    await turn();
    expect(asked(held)).toEqual([
      [0, 167],
      [167, 166],
      [333, 167],
    ]);
    for (const one of [...held.reads].reverse()) one.finish();
    await long.done;
    expect(isRight(long.target, 0)).toBe(true);
  });

  it("does not ask again for what is on its way, and asks for the rest", async () => {
    const held = createHeldSource();
    const source = withCoalescing(held, limits);
    const first = read(source, 100, 100);
    await turn();
    const within = read(source, 150, 10);
    const across = read(source, 190, 30);
    await turn();
    expect(asked(held)).toEqual([
      [100, 100],
      [200, 20],
    ]);
    held.reads[1]?.finish();
    held.reads[0]?.finish();
    await Promise.all([first.done, within.done, across.done]);
    expect([first, within, across].every(({ target, offset }) => isRight(target, offset))).toBe(true);
  });

  it("whoever waits may change its bytes at once: the others got theirs before", async () => {
    const held = createHeldSource();
    const source = withCoalescing(held, limits);
    const first = read(source, 100, 100);
    const changed = first.done.then(() => first.target.fill(0));
    await turn();
    const second = read(source, 100, 100);
    await turn();
    held.reads[0]?.finish();
    await Promise.all([changed, second.done]);
    expect(isRight(second.target, 100)).toBe(true);
    expect(held.reads).toHaveLength(1);
  });

  it("aborts a request when the last of those who want it has gone, and no sooner", async () => {
    const held = createHeldSource();
    const source = withCoalescing(held, limits);
    const reads = [read(source, 0, 10), read(source, 10, 10)];
    await turn();
    reads[0]?.abort("first");
    await expect(reads[0]?.done).rejects.toThrow("first");
    expect(held.reads[0]?.isAborted).toBe(false);
    reads[1]?.abort("second");
    await expect(reads[1]?.done).rejects.toThrow("second");
    expect(held.reads[0]?.isAborted).toBe(true);
  });

  it("an abort before the request is sent sends nothing", async () => {
    const held = createHeldSource();
    const gone = read(withCoalescing(held, limits), 0, 10);
    gone.abort("gone");
    await expect(gone.done).rejects.toThrow("gone");
    await turn();
    expect(held.reads).toHaveLength(0);
  });

  it("leaves the target of an aborted read alone, and serves who had joined it anew", async () => {
    const held = createHeldSource();
    const source = withCoalescing(held, limits);
    const first = read(source, 100, 100);
    await turn();
    const joined = read(source, 120, 20);
    await turn();
    first.abort("gone");
    await expect(first.done).rejects.toThrow("gone");
    expect(held.reads[0]?.isAborted).toBe(true);
    await turn();
    expect(asked(held)).toEqual([
      [100, 100],
      [120, 20],
    ]);
    for (const one of held.reads) one.finish();
    await joined.done;
    expect(isRight(joined.target, 120)).toBe(true);
    expect(first.target.every((byte) => byte === 0)).toBe(true);
  });

  it("a failure reaches all who wait for any of it, and nobody else", async () => {
    const held = createHeldSource();
    const source = withCoalescing(held, limits);
    const long = read(source, 0, 390);
    const apart = read(source, 1000, 10);
    await turn();
    const joined = read(source, 5, 5);
    await turn();
    expect(held.reads).toHaveLength(3);
    held.reads[0]?.fail(failure());
    await expect(long.done).rejects.toMatchObject({ code: "E_HTTP" });
    await expect(joined.done).rejects.toMatchObject({ code: "E_HTTP" });
    // Nobody wants the other half any more.
    expect(held.reads[1]?.isAborted).toBe(true);
    held.reads[2]?.finish();
    await apart.done;
    const again = read(source, 0, 10);
    await turn();
    held.reads[3]?.finish();
    await again.done;
    expect(isRight(again.target, 0)).toBe(true);
  });

  it("gives right bytes or the abort's reason, whatever overlaps, fails and ends in whatever order", async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant("read" as const), at: fc.nat(600), length: fc.nat(300) }) },
      {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constant("turn" as const), at: fc.constant(0), length: fc.constant(0) }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant("finish" as const), at: fc.nat(20), length: fc.constant(0) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant("fail" as const), at: fc.nat(20), length: fc.constant(0) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant("abort" as const), at: fc.nat(20), length: fc.constant(0) }),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const held = createHeldSource();
        const source = withCoalescing(held, limits);
        const reads: ReturnType<typeof read>[] = [];
        const outcomes: Promise<void>[] = [];
        for (const { kind, at, length } of steps) {
          if (kind === "turn") await turn();
          if (kind === "finish") held.reads[at]?.finish();
          if (kind === "fail") held.reads[at]?.fail();
          if (kind === "abort") reads[at]?.abort("gone");
          if (kind !== "read") continue;
          const one = read(source, at, length);
          reads.push(one);
          outcomes.push(
            one.done.then(
              () => expect(isRight(one.target, at)).toBe(true),
              (error: unknown) => expect(String(error)).toMatch(/gone|test is refused/),
            ),
          );
        }
        let done = 0;
        for (let idle = 0; idle < 3; idle++) {
          await turn();
          for (; done < held.reads.length; done++, idle = 0) held.reads[done]?.finish();
        }
        await Promise.all(outcomes);
        await source.close();
      }),
      { seed: 20_261_124, numRuns: 300 },
    );
  });
});
