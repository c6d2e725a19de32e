import type { Clock } from "../../src/platform/index.js";

/** A clock that stands still until it is told to go on. */
export interface ManualClock extends Clock {
  /** Timers that have not fired. */
  readonly timers: number;
  /** Lets time pass, timer by timer; what a timer sets going is done before the next one. */
  advance(byMs: number): Promise<void>;
  /** Lets time pass whenever nothing else can happen, until `work` settles: hours in no time. */
  runUntil<T>(work: Promise<T>): Promise<T>;
}

export function createManualClock(): ManualClock {
  let now = 0;
  let timers: { readonly atMs: number; readonly run: () => void }[] = [];
  const fireNext = async (untilMs: number): Promise<boolean> => {
    const next = timers.reduce<(typeof timers)[number] | undefined>(
      (first, timer) => (timer.atMs <= untilMs && (first === undefined || timer.atMs < first.atMs) ? timer : first),
      undefined,
    );
    if (next === undefined) return false;
    timers = timers.filter((timer) => timer !== next);
    now = Math.max(now, next.atMs);
    next.run();
    await turn();
    return true;
  };
  return {
    get timers() {
      return timers.length;
    },
    nowMs: () => now,
    after(delayMs, run) {
      const timer = { atMs: now + delayMs, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    afterTurn: (run) => void setImmediate(run),
    async advance(byMs) {
      const untilMs = now + byMs;
      await turn();
      while (await fireNext(untilMs));
      now = untilMs;
    },
    async runUntil(work) {
      let isSettled = false;
      const settle = () => {
        isSettled = true;
      };
      work.then(settle, settle);
      await turn();
      while (!isSettled) if (!(await fireNext(Number.POSITIVE_INFINITY))) await turn();
      return work;
    },
  };
}

/** Two rounds of the event loop: promises, and what they put off to the end of a turn. */
async function turn(): Promise<void> {
  for (let i = 0; i < 2; i++) await new Promise((resolve) => setImmediate(resolve));
}
