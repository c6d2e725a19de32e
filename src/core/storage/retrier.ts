import { HexzError, isHexzError } from "../../errors.js";
import { type Clock, randomFraction, sleep, systemClock } from "../../platform/clock.js";
import { onAbort } from "../../util/abort.js";
import { remoteFailure } from "./http-errors.js";
import { RetryBudget } from "./retry-budget.js";

export interface RetryOptions {
  /** Tries of one read, the first included. @default 32 */
  readonly attempts?: number | undefined;
  /** Time for one read with all its tries and waits. @default 180 s */
  readonly timeoutMs?: number | undefined;
  readonly clock?: Clock | undefined;
  /** Numbers in [0, 1) that spread the retries. */
  readonly random?: (() => number) | undefined;
  /** Called after every try. */
  readonly onAttempt?: ((attempt: Attempt) => void) | undefined;
}

/** One try of a read, as limits and meters see it. */
export interface Attempt {
  readonly bytes: number;
  readonly elapsedMs: number;
  /** Undefined for a try that succeeded. */
  readonly error: unknown;
  /** Whether it is a retry. */
  readonly again: boolean;
}

/** What is tried: rejects with an error that says whether to try again, see `RemoteFailure`. */
export interface Work<T> {
  readonly name: string;
  readonly bytes: number;
  /** Fewer tries than usual. */
  readonly attempts?: number | undefined;
  run(signal: AbortSignal): Promise<T>;
}

const BASE_MS = 100;
/** A server that asks for less gets more time at once. */
const THROTTLED_BASE_MS = 500;
const MAX_BACKOFF_MS = 20_000;
const MAX_RETRY_AFTER_MS = 60_000;

/**
 * Tries again what may work a moment later: waits a random part of a time that doubles ("full jitter", which spreads the clients of a recovering server best: M. Brooker,
 * "Exponential Backoff And Jitter", AWS Architecture Blog, 2015), at least as long as the server asks, within a time limit and a budget shared by all reads.
 */
export class Retrier {
  readonly #attempts: number;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #onAttempt: ((attempt: Attempt) => void) | undefined;
  readonly #budget: RetryBudget;
  /** Runs between two tries. */
  readonly #waiting = new Set<AbortController>();
  #isStopped = false;

  constructor(options: RetryOptions = {}) {
    this.#attempts = options.attempts ?? 32;
    this.#timeoutMs = options.timeoutMs ?? 180_000;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? randomFraction;
    this.#onAttempt = options.onAttempt;
    this.#budget = new RetryBudget(this.#clock);
  }

  /**
   * The result of `work`; or the error of its last try, with `attempts` in its context; or the signal's reason. The work must settle when its signal
   * aborts: it may own a buffer until then.
   *
   * @throws HexzError `E_TIMEOUT` where the first try is still under way when the time is over.
   */
  async run<T>(work: Work<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const deadline = new AbortController();
    const forget = onAbort(signal, () => deadline.abort(signal?.reason));
    const cancel = this.#clock.after(this.#timeoutMs, () => deadline.abort(new OutOfTime()));
    try {
      return await this.#tryAll(work, deadline);
    } finally {
      cancel();
      forget();
    }
  }

  /** No tries from now on but those under way: whoever waits for another gets the error of the last. */
  stop(): void {
    this.#isStopped = true;
    for (const waiting of this.#waiting) waiting.abort(new OutOfTime());
  }

  async #tryAll<T>(work: Work<T>, deadline: AbortController): Promise<T> {
    const { signal } = deadline;
    const attempts = Math.min(this.#attempts, work.attempts ?? this.#attempts);
    let last: unknown;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#tryOnce(work, attempt, signal);
      } catch (error) {
        if (signal.aborted) throw this.#overdue(signal.reason, work.name, last, attempt);
        const isLast = this.#isStopped || attempt >= attempts;
        if (isLast || !remoteFailure(error).transient) throw gaveUp(error, attempt);
        last = error;
      }
      this.#waiting.add(deadline);
      try {
        await sleep(this.#clock, this.#backoffMs(last, attempt), signal);
        await this.#budget.take(signal);
      } catch (reason) {
        throw this.#overdue(reason, work.name, last, attempt);
      } finally {
        this.#waiting.delete(deadline);
      }
    }
  }

  async #tryOnce<T>(work: Work<T>, attempt: number, signal: AbortSignal): Promise<T> {
    const begunMs = this.#clock.nowMs();
    const tell = (error: unknown) => {
      const elapsedMs = this.#clock.nowMs() - begunMs;
      this.#onAttempt?.({ bytes: work.bytes, elapsedMs, error, again: attempt > 1 });
    };
    try {
      const result = await work.run(signal);
      this.#budget.succeeded();
      tell(undefined);
      return result;
    } catch (error) {
      tell(error);
      throw error;
    }
  }

  #backoffMs(error: unknown, attempt: number): number {
    const { throttled, retryAfterMs = 0 } = remoteFailure(error);
    const baseMs = throttled ? THROTTLED_BASE_MS : BASE_MS;
    const mostMs = Math.min(MAX_BACKOFF_MS, baseMs * 2 ** (attempt - 1));
    return Math.min(retryAfterMs, MAX_RETRY_AFTER_MS) + this.#random() * mostMs;
  }

  /** The time is over, which the last error explains best; or the caller has had enough. */
  #overdue(reason: unknown, name: string, last: unknown, attempts: number): unknown {
    if (!(reason instanceof OutOfTime)) return reason;
    if (last !== undefined) return gaveUp(last, attempts);
    const message = `${name} did not give what was asked for within ${this.#timeoutMs} ms; check the server and the network, or raise storage.timeoutMs`;
    return new HexzError("E_TIMEOUT", message, { context: { source: name, attempts } });
  }
}

class OutOfTime extends Error {}

/** The error as it is, or after more than one try the same with their number. */
function gaveUp(error: unknown, attempts: number): unknown {
  if (!isHexzError(error) || attempts === 1) return error;
  const context = { ...error.context, attempts };
  return new HexzError(error.code, `${error.message} (after ${attempts} attempts)`, { context, cause: error });
}
