import { remoteFailure } from "./http-errors.js";
import type { Attempt } from "./retrier.js";

export interface AdaptiveLimitOptions {
  /** Requests at once to begin with. @default 16 */
  readonly initial?: number | undefined;
  /** @default 64 */
  readonly most?: number | undefined;
}

/** Successes in a row of windows before one more request may be in flight. */
const SUCCESSES_PER_STEP = 64;
const BACKOFF = 0.5;
/** Beyond this many times the best time of requests of like size, more of them at once only wait for each other. */
const CROWDED = 2;
const OVERLOADED = 8;
/** Below this it is our own event loop that is measured. */
const NOISE_MS = 10;
/** Slowness alone, which may also be ours, never goes below this. */
const SLOW_FLOOR = 4;
/** Weight of a new sample in the running mean, and of the mean in the best, which forgets a network that is gone. */
const SMOOTHING = 1 / 8;
const FORGETTING = 1 / 256;

interface SizeClass {
  bestMs: number;
  meanMs: number;
}

/**
 * How many requests may be in flight: one more after 64 successes, half as many when the server asks for less or takes eight times as long as it did at best (additive increase,
 * multiplicative decrease: D. Chiu, R. Jain 1989, as TCP does it). Times are compared among requests of like size only.
 */
export class AdaptiveLimit {
  readonly #most: number;
  readonly #classes = new Map<number, SizeClass>();
  #current: number;
  #successes = 0;
  /** Attempts to wait out before the next decrease: those sent before this one say nothing new. */
  #holdOff = 0;

  constructor({ initial = 16, most = 64 }: AdaptiveLimitOptions = {}) {
    this.#most = most;
    this.#current = Math.min(initial, most);
  }

  get current(): number {
    return this.#current;
  }

  /** Takes notice of one try of a request. */
  observe({ bytes, elapsedMs, error }: Pick<Attempt, "bytes" | "elapsedMs" | "error">): void {
    if (this.#holdOff > 0) this.#holdOff--;
    if (error !== undefined) {
      if (remoteFailure(error).throttled) this.#decrease(1);
      return;
    }
    const slowdown = this.#slowdown(bytes, elapsedMs);
    if (slowdown > OVERLOADED) this.#decrease(Math.min(SLOW_FLOOR, this.#current));
    else if (slowdown <= CROWDED) this.#succeed();
  }

  /** How much slower requests of this size are now than they were at best. */
  #slowdown(bytes: number, elapsedMs: number): number {
    const size = Math.ceil(Math.log2(bytes + 1));
    const known = this.#classes.get(size) ?? { bestMs: elapsedMs, meanMs: elapsedMs };
    known.bestMs = Math.min(known.bestMs, elapsedMs);
    known.meanMs += (elapsedMs - known.meanMs) * SMOOTHING;
    known.bestMs += (known.meanMs - known.bestMs) * FORGETTING;
    this.#classes.set(size, known);
    return known.meanMs / Math.max(NOISE_MS, known.bestMs);
  }

  #succeed(): void {
    if (++this.#successes < SUCCESSES_PER_STEP) return;
    this.#successes = 0;
    this.#current = Math.min(this.#most, this.#current + 1);
  }

  #decrease(floor: number): void {
    if (this.#holdOff > 0) return;
    this.#holdOff = this.#current;
    this.#successes = 0;
    this.#current = Math.max(floor, Math.floor(this.#current * BACKOFF));
  }
}
