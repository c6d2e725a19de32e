import { describe, expect, it } from "vitest";
import { SingleFlight } from "../../src/util/single-flight.js";

/** Work that ends when told to, or when aborted; counts its starts. */
function controlledWork() {
  const work = {
    starts: 0,
    signal: undefined as AbortSignal | undefined,
    resolve: (_: string) => {},
    reject: (_: Error) => {},
    start(signal: AbortSignal): Promise<string> {
      work.starts++;
      work.signal = signal;
      return new Promise((resolve, reject) => {
        work.resolve = resolve;
        work.reject = reject;
      });
    },
  };
  return work;
}

describe("SingleFlight", () => {
  it("runs work once for all who ask while it is under way, and anew afterwards", async () => {
    const flights = new SingleFlight<number, string>();
    const work = controlledWork();
    const both = Promise.all([flights.run(1, work.start), flights.run(1, work.start)]);
    work.resolve("done");
    expect(await both).toEqual(["done", "done"]);
    const again = flights.run(1, work.start);
    work.resolve("again");
    expect(await again).toBe("again");
    expect(work.starts).toBe(2);
  });

  it("lets one caller go without failing the other", async () => {
    const flights = new SingleFlight<number, string>();
    const work = controlledWork();
    const impatient = new AbortController();
    const first = flights.run(1, work.start, impatient.signal);
    const second = flights.run(1, work.start, new AbortController().signal);
    impatient.abort(new Error("no time"));
    await expect(first).rejects.toThrow("no time");
    expect(work.signal?.aborted).toBe(false);
    work.resolve("done");
    expect(await second).toBe("done");
  });

  it("aborts the work when the last caller has gone, and starts anew for the next", async () => {
    const flights = new SingleFlight<number, string>();
    const work = controlledWork();
    const controllers = [new AbortController(), new AbortController()];
    const waiting = controllers.map(({ signal }) => flights.run(1, work.start, signal));
    for (const controller of controllers) controller.abort();
    expect((await Promise.allSettled(waiting)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(work.signal?.aborted).toBe(true);
    const next = flights.run(1, work.start);
    work.resolve("fresh");
    expect(await next).toBe("fresh");
  });

  it("gives a failure to all who wait and keeps none of it", async () => {
    const flights = new SingleFlight<number, string>();
    const work = controlledWork();
    const waiting = [flights.run(1, work.start), flights.run(1, work.start)];
    work.reject(new Error("broken"));
    expect((await Promise.allSettled(waiting)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    const next = flights.run(1, work.start);
    work.resolve("fine");
    expect(await next).toBe("fine");
  });

  it("abortAll rejects all who wait with the reason, though the work ignores its signal", async () => {
    const flights = new SingleFlight<number, string>();
    const work = controlledWork();
    const waiting = flights.run(1, work.start);
    flights.abortAll(new Error("closed"));
    await expect(waiting).rejects.toThrow("closed");
  });

  it("starts nothing for a caller whose signal has aborted", async () => {
    const work = controlledWork();
    await expect(new SingleFlight<number, string>().run(1, work.start, AbortSignal.abort())).rejects.toThrow();
    expect(work.starts).toBe(0);
  });
});
