import { HexzError } from "../../errors.js";
import { blake3 } from "../codec/blake3.js";
import { assertRange } from "./check-range.js";
import type { RangeSource } from "./port.js";

/** Options of {@link createMemorySource}. */
export interface MemorySourceOptions {
  /** How errors call it. @default "memory" */
  readonly name?: string;
}

/**
 * A source over bytes in memory. It borrows `bytes`: they must not change while it is open.
 *
 * @example
 * ```ts
 * const source = createMemorySource(new Uint8Array([1, 2, 3]));
 * const target = new Uint8Array(2);
 * await source.readInto(1, target); // 2, 3
 * ```
 */
export function createMemorySource(bytes: Uint8Array, { name = "memory" }: MemorySourceOptions = {}): RangeSource {
  let isClosed = false;
  let identity: string | undefined;
  const close = async (): Promise<void> => {
    isClosed = true;
  };
  return {
    name,
    size: bytes.length,
    get identity() {
      identity ??= `memory:${Buffer.from(blake3(bytes)).toString("hex")}`;
      return identity;
    },
    async readInto(offset, target, { signal } = {}) {
      signal?.throwIfAborted();
      if (isClosed) throw new HexzError("E_CLOSED", `${name} is closed`, { context: { source: name } });
      assertRange(name, offset, target.length, bytes.length);
      target.set(bytes.subarray(offset, offset + target.length));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
