import { type Clock, systemClock } from "../../platform/clock.js";
import { remoteFailure } from "./http-errors.js";
import type { RangeSource, StorageStats } from "./port.js";
import { wrapSource } from "./wrap.js";

/** Counts what is read. One meter may count for several sources. */
export class Meter {
  readonly #clock: Clock;
  #requests = 0;
  #bytes = 0;
  #errors = 0;
  #throttled = 0;
  #waitMs = 0;
  #inFlight = 0;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  get stats(): StorageStats {
    return {
      requests: this.#requests,
      bytes: this.#bytes,
      errors: this.#errors,
      throttled: this.#throttled,
      waitMs: this.#waitMs,
      inFlight: this.#inFlight,
    };
  }

  /** Counts one request; `bytesOf` says how many bytes its result holds. */
  async count<T>(request: () => Promise<T>, bytesOf: (result: T) => number): Promise<T> {
    const begunMs = this.#clock.nowMs();
    this.#requests++;
    this.#inFlight++;
    try {
      const result = await request();
      this.#bytes += bytesOf(result);
      return result;
    } catch (error) {
      const { throttled, receivedBytes } = remoteFailure(error);
      this.#errors++;
      this.#throttled += throttled ? 1 : 0;
      this.#bytes += receivedBytes;
      throw error;
    } finally {
      this.#inFlight--;
      this.#waitMs += this.#clock.nowMs() - begunMs;
    }
  }
}

/** The same source, counted. Put it where it shall count: below retries it sees every try, above coalescing what callers ask for. */
export function withMeter(source: RangeSource, meter: Meter = new Meter()): RangeSource {
  return wrapSource(source, {
    readInto: (offset, target, options) =>
      meter.count(
        () => source.readInto(offset, target, options),
        () => target.length,
      ),
    stats: () => meter.stats,
  });
}
