import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { onAbort, untilAborted } from "../../src/util/abort.js";

const listeners = (signal: AbortSignal) => getEventListeners(signal, "abort").length;

describe("onAbort", () => {
  it("calls everybody who waits, in order, with one listener", () => {
    const { signal, abort } = ((controller) => ({ signal: controller.signal, abort: () => controller.abort() }))(
      new AbortController(),
    );
    const calls: number[] = [];
    for (let i = 0; i < 100; i++) onAbort(signal, () => calls.push(i));
    expect(listeners(signal)).toBe(1);
    abort();
    expect(calls).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(listeners(signal)).toBe(0);
  });

  it("forgets who asks for it, and the signal with the last of them", () => {
    const controller = new AbortController();
    const calls: string[] = [];
    const forget = ["a", "b"].map((name) => onAbort(controller.signal, () => calls.push(name)));
    forget[0]?.();
    forget[0]?.();
    expect(listeners(controller.signal)).toBe(1);
    forget[1]?.();
    expect(listeners(controller.signal)).toBe(0);
    onAbort(controller.signal, () => calls.push("c"));
    controller.abort();
    forget[1]?.();
    expect(calls).toEqual(["c"]);
  });

  it("takes the same function twice", () => {
    const controller = new AbortController();
    let calls = 0;
    const count = () => calls++;
    onAbort(controller.signal, count);
    onAbort(controller.signal, count)();
    controller.abort();
    expect(calls).toBe(1);
  });

  it("calls nothing for no signal and for one that has aborted", () => {
    const never = () => expect.unreachable();
    onAbort(undefined, never)();
    onAbort(AbortSignal.abort(), never)();
  });
});

describe("untilAborted", () => {
  it("gives the result, the failure, or the reason, and leaves no listener", async () => {
    const controller = new AbortController();
    expect(await untilAborted(Promise.resolve(7), controller.signal)).toBe(7);
    await expect(untilAborted(Promise.reject(new Error("no")), controller.signal)).rejects.toThrow("no");
    expect(listeners(controller.signal)).toBe(0);
    const stuck = untilAborted(new Promise(() => {}), controller.signal);
    controller.abort(new Error("enough"));
    await expect(stuck).rejects.toThrow("enough");
  });
});
