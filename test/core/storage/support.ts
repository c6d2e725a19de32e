import { createMemorySource } from "../../../src/core/storage/index.js";
import type { RangeSource } from "../../../src/core/storage/port.js";
import { wrapSource } from "../../../src/core/storage/wrap.js";
import { HexzError, type HexzErrorContext } from "../../../src/errors.js";

/** Every byte tells where it lies. */
export const BYTES = Uint8Array.from({ length: 10_000 }, (_, i) => (i * 131 + (i >> 8)) & 255);

/** A failure as remote drivers report it. */
export function failure(context: HexzErrorContext = {}): HexzError {
  return new HexzError("E_HTTP", "test is refused", { context: { transient: true, ...context } });
}

/** One read that a held source was asked for. */
export interface HeldRead {
  readonly offset: number;
  readonly length: number;
  readonly isAborted: boolean;
  /** Fills the target and ends the read. */
  finish(): void;
  /** Fills this many bytes, then fails; the error says how far it came. */
  fail(error?: HexzError, filledBytes?: number): void;
}

/** A source over {@link BYTES} whose reads end when the test says so. An aborted read rejects with the reason at once and writes nothing after. */
export function createHeldSource(): RangeSource & { readonly reads: readonly HeldRead[] } {
  const reads: HeldRead[] = [];
  const source = wrapSource(createMemorySource(BYTES), {
    readInto: (offset, target, { signal } = {}) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted === true) return reject(signal.reason);
        signal?.addEventListener("abort", () => reject(signal.reason));
        const fill = (length: number) => {
          if (signal?.aborted !== true) target.set(BYTES.subarray(offset, offset + length));
        };
        reads.push({
          offset,
          length: target.length,
          get isAborted() {
            return signal?.aborted === true;
          },
          finish() {
            fill(target.length);
            resolve();
          },
          fail(error = failure(), filledBytes = 0) {
            fill(filledBytes);
            const context = { ...error.context, receivedBytes: filledBytes };
            reject(new HexzError(error.code, error.message, { context }));
          },
        });
      }),
  });
  return { ...source, reads };
}

/** One more round of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Whether `target` holds what lies at `offset`. */
export function isRight(target: Uint8Array, offset: number): boolean {
  return Buffer.compare(target, BYTES.subarray(offset, offset + target.length)) === 0;
}
