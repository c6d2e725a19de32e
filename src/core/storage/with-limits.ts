import { onAbort } from "../../util/abort.js";
import type { AdaptiveLimit } from "./adaptive-limit.js";
import { assertRange } from "./check-range.js";
import { OpenReads } from "./open-reads.js";
import type { RangeSource } from "./port.js";
import { wrapSource } from "./wrap.js";

export interface LimitOptions {
  /** Reads in flight: a number, or one that adapts. @default 16 */
  readonly requests?: number | Pick<AdaptiveLimit, "current"> | undefined;
  /** Bytes in flight. A read larger than that goes alone. @default 64 MiB */
  readonly bytes?: number | undefined;
}

interface Queued {
  readonly bytes: number;
  readonly start: () => void;
}

/** The same source with a bound on what is asked of it at once. Reads beyond it wait their turn in the order they came: order of first use. */
export function withLimits(
  source: RangeSource,
  { requests = 16, bytes = 64 * 2 ** 20 }: LimitOptions = {},
): RangeSource {
  const turns = new Turns(typeof requests === "number" ? { current: requests } : requests, bytes);
  const reads = new OpenReads(source.name);
  const readInTurn = async (offset: number, target: Uint8Array, signal: AbortSignal | undefined): Promise<void> => {
    await turns.begin(target.length, signal);
    try {
      await source.readInto(offset, target, { signal });
    } finally {
      turns.end(target.length);
    }
  };
  return wrapSource(source, {
    async readInto(offset, target, { signal } = {}) {
      reads.assertOpen();
      assertRange(source.name, offset, target.length, source.size);
      await reads.track(readInTurn(offset, target, signal));
    },
    close: () => reads.close(() => source.close()),
  });
}

/** A semaphore over requests and bytes, first come, first served. */
class Turns {
  readonly #limit: Pick<AdaptiveLimit, "current">;
  readonly #mostBytes: number;
  readonly #queue = new Set<Queued>();
  #requests = 0;
  #bytes = 0;

  constructor(limit: Pick<AdaptiveLimit, "current">, mostBytes: number) {
    this.#limit = limit;
    this.#mostBytes = mostBytes;
  }

  begin(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason);
      const start = () => {
        forget();
        resolve();
      };
      const queued = { bytes, start };
      const forget = onAbort(signal, () => {
        this.#queue.delete(queued);
        // Whoever stood behind it may fit now.
        this.#admit();
        reject(signal?.reason);
      });
      this.#queue.add(queued);
      this.#admit();
    });
  }

  end(bytes: number): void {
    this.#requests--;
    this.#bytes -= bytes;
    this.#admit();
  }

  #admit(): void {
    for (const queued of this.#queue) {
      if (this.#requests > 0 && !this.#fits(queued.bytes)) return;
      this.#queue.delete(queued);
      this.#requests++;
      this.#bytes += queued.bytes;
      queued.start();
    }
  }

  #fits(bytes: number): boolean {
    return this.#requests < this.#limit.current && this.#bytes + bytes <= this.#mostBytes;
  }
}
