import { onAbort } from "../util/abort.js";

/** Milliseconds of a clock that never goes back, from an arbitrary start. */
export function nowMs(): number {
  return performance.now();
}

/** Time as waiting code sees it; tests hand in one of their own. */
export interface Clock {
  /** Milliseconds that never go back, from an arbitrary start. */
  nowMs(): number;
  /** Calls `run` once, `delayMs` from now, unless the function given back is called before. */
  after(delayMs: number, run: () => void): () => void;
  /** Calls `run` when what is running now, and all it has already promised, is done. */
  afterTurn(run: () => void): void;
}

export const systemClock: Clock = {
  nowMs,
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
  afterTurn: (run) => void setImmediate(run),
};

/** Waits; rejects with the signal's reason where `signal` aborts first. Leaves no timer and no listener behind. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    const cancel = clock.after(delayMs, () => {
      forget();
      resolve();
    });
    const forget = onAbort(signal, () => {
      cancel();
      reject(signal?.reason);
    });
  });
}

/** A number in [0, 1) nobody can predict: it spreads the retries of many machines, and never decides an order of records. */
export function randomFraction(): number {
  return Math.random();
}

/** Milliseconds since 1970 by the machine's clock, which may be wrong or go back: for what others read (signatures, expiries), never to measure. */
export function wallClockMs(): number {
  return Date.now();
}
