import { describe, expect, it } from "vitest";
import { takeBehind } from "../../src/pack/take-behind.js";

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A `take` whose calls end when the test says so. */
function manualTake() {
  const begun: number[] = [];
  const ends: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const take = (item: number) => {
    begun.push(item);
    return new Promise<void>((resolve, reject) => ends.push({ resolve, reject }));
  };
  return { begun, ends, take };
}

/** Numbers from 0, and how many were asked for; throws `failure` in place of the last. */
function numbers(count: number, failure?: Error) {
  const state = { asked: 0, isClosed: false };
  const items = (async function* () {
    try {
      while (state.asked < count) {
        if (state.asked++ === count - 1 && failure !== undefined) throw failure;
        yield state.asked - 1;
      }
    } finally {
      state.isClosed = true;
    }
  })();
  return { items, state };
}

describe("takeBehind", () => {
  it("makes the next item, and only that, while one is being taken", async () => {
    const { begun, ends, take } = manualTake();
    const { items, state } = numbers(4);
    const done = takeBehind(items, take);
    for (let taken = 1; taken <= 4; taken++) {
      await turn();
      expect(begun).toEqual(Array.from({ length: taken }, (_, i) => i));
      expect(state.asked).toBe(Math.min(4, taken + 1));
      ends.at(-1)?.resolve();
    }
    await done;
    expect(state.isClosed).toBe(true);
  });

  it("tells a failure of take, closes the items and asks for no more", async () => {
    const { begun, ends, take } = manualTake();
    const { items, state } = numbers(10);
    const done = takeBehind(items, take);
    await turn();
    ends[0]?.reject(new Error("disk"));
    await expect(done).rejects.toThrow("disk");
    expect([begun, state]).toEqual([[0], { asked: 2, isClosed: true }]);
  });

  it("tells a failure of the last take", async () => {
    const failing = async (item: number) => {
      if (item === 2) throw new Error("last");
    };
    await expect(takeBehind(numbers(3).items, failing)).rejects.toThrow("last");
  });

  it("tells a failure of the items once no take is under way", async () => {
    const { ends, take } = manualTake();
    let isSettled = false;
    const done = takeBehind(numbers(2, new Error("input")).items, take).finally(() => {
      isSettled = true;
    });
    done.catch(() => undefined);
    await turn();
    expect(isSettled).toBe(false);
    ends[0]?.reject(new Error("disk too"));
    await expect(done).rejects.toThrow("input");
  });
});
