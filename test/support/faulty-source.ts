import type { RangeSource, ReadOptions } from "../../src/core/storage/port.js";
import { HexzError } from "../../src/errors.js";

/** What goes wrong, and when. Calls of `readInto` count from 0. */
export interface FaultScript {
  /** Reads that reach past this byte of the source fail with `E_SHORT_READ`. */
  readonly endsAtByte?: number;
  /** Bits to flip in whatever is read: byte of the source → mask. */
  readonly flips?: ReadonlyMap<number, number>;
  /** The call that throws, alone or with all after it. */
  readonly throwAt?: { readonly call: number; readonly forever?: boolean; readonly error?: Error };
  /** Every read waits for this first, or for its signal. */
  readonly until?: Promise<unknown>;
}

/** The same source with faults. It hides the descriptor: nobody can read past it. */
export function withFaults(source: RangeSource, script: FaultScript): RangeSource {
  let calls = 0;
  return {
    name: source.name,
    size: source.size,
    identity: source.identity,
    async readInto(offset, target, options = {}) {
      const call = calls++;
      if (script.until !== undefined) await released(script.until, options);
      throwIfScripted(script, call);
      throwIfPastEnd(script, source, offset, target.length);
      await source.readInto(offset, target, options);
      flip(script, offset, target);
    },
    close: () => source.close(),
    [Symbol.asyncDispose]: () => source.close(),
  };
}

async function released(until: Promise<unknown>, { signal }: ReadOptions): Promise<void> {
  signal?.throwIfAborted();
  if (signal === undefined) {
    await until;
    return;
  }
  let onAbort = (): void => {};
  const aborted = new Promise<void>((resolve) => {
    onAbort = resolve;
    signal.addEventListener("abort", onAbort, { once: true });
  });
  await Promise.race([until, aborted]);
  signal.removeEventListener("abort", onAbort);
  signal.throwIfAborted();
}

function throwIfScripted({ throwAt }: FaultScript, call: number): void {
  if (throwAt === undefined || call < throwAt.call) return;
  if (call === throwAt.call || throwAt.forever === true) {
    throw throwAt.error ?? new HexzError("E_IO", `scripted fault at call ${call}`);
  }
}

function throwIfPastEnd({ endsAtByte }: FaultScript, source: RangeSource, offset: number, lengthBytes: number): void {
  if (endsAtByte === undefined || offset + lengthBytes <= endsAtByte) return;
  throw new HexzError(
    "E_SHORT_READ",
    `${source.name} gave ${Math.max(0, endsAtByte - offset)} of ${lengthBytes} bytes`,
  );
}

function flip({ flips }: FaultScript, offset: number, target: Uint8Array): void {
  for (const [byte, mask] of flips ?? []) {
    const at = byte - offset;
    const value = target[at];
    if (value !== undefined) target[at] = value ^ mask;
  }
}
