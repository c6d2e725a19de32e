import type { Clock } from "../../platform/clock.js";
import { onAbort } from "../../util/abort.js";

/** Retries that may be made before any read has succeeded. */
const RESERVE = 100;
const TOKENS_PER_SUCCESS = 2;
/** One a second goes through however bad things are, to find out whether they are better. */
const PROBE_MS = 1000;

/**
 * Bounds how much trying again adds to the load: retries ≤ 100 + 2 × reads that succeeded + 1 per second. In an outage nothing succeeds, so all but one retry a second wait here; the
 * first success lets two of them go, and so on, which is how the load comes back no faster than it is served.
 */
export class RetryBudget {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  #tokens = RESERVE;
  #cancelProbe: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when one more retry may be made, first come, first served. */
  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#tokens > 0) {
      this.#tokens--;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const resume = () => {
        forget();
        resolve();
      };
      const forget = onAbort(signal, () => {
        this.#waiting.delete(resume);
        this.#watch();
        reject(signal.reason);
      });
      this.#waiting.add(resume);
      this.#watch();
    });
  }

  /** A read came through. */
  succeeded(): void {
    this.#give(TOKENS_PER_SUCCESS);
  }

  #give(count: number): void {
    this.#tokens = Math.min(RESERVE, this.#tokens + count);
    for (const resume of this.#waiting) {
      if (this.#tokens === 0) break;
      this.#tokens--;
      this.#waiting.delete(resume);
      resume();
    }
    this.#watch();
  }

  /** A timer runs exactly while somebody waits. */
  #watch(): void {
    if (this.#waiting.size === 0) {
      this.#cancelProbe?.();
      this.#cancelProbe = undefined;
    } else {
      this.#cancelProbe ??= this.#clock.after(PROBE_MS, () => {
        this.#cancelProbe = undefined;
        this.#give(1);
      });
    }
  }
}
