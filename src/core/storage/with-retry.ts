import { assertRange } from "./check-range.js";
import { remoteFailure } from "./http-errors.js";
import { OpenReads } from "./open-reads.js";
import type { RangeSource } from "./port.js";
import { Retrier, type RetryOptions } from "./retrier.js";
import { wrapSource } from "./wrap.js";

/**
 * The same source, read again where a read fails for a reason that passes. A read goes on from the byte it had reached: what arrived is not asked for twice.
 *
 * @param options or a {@link Retrier}, to share its budget with other work on the same server.
 */
export function withRetry(source: RangeSource, options: RetryOptions | Retrier = {}): RangeSource {
  const retrier = options instanceof Retrier ? options : new Retrier(options);
  const reads = new OpenReads(source.name);
  return wrapSource(source, {
    async readInto(offset, target, { signal } = {}) {
      reads.assertOpen();
      assertRange(source.name, offset, target.length, source.size);
      let filledBytes = 0;
      const run = async (attemptSignal: AbortSignal): Promise<void> => {
        try {
          await source.readInto(offset + filledBytes, target.subarray(filledBytes), { signal: attemptSignal });
        } catch (error) {
          filledBytes += remoteFailure(error).receivedBytes;
          // The connection broke behind the last byte: there is nothing left to ask for.
          if (filledBytes < target.length || target.length === 0) throw error;
        }
      };
      await reads.track(retrier.run({ name: source.name, bytes: target.length, run }, signal));
    },
    close: () => reads.close(() => source.close()),
  });
}
