import { RESERVED_BYTES } from "../../kernels/index.js";
import { align } from "../format/row-layout.js";
import { assertBlockLength } from "./decode-check.js";
import { threadBench } from "./thread-bench.js";
import type { Codec } from "./types.js";

/**
 * The `encodedLength` bytes that `stored` holds, in a fresh array, or an error: never another length. `stored` may be shared memory.
 *
 * @throws HexzError `E_BLOCK_CORRUPT` where the bytes are not one whole block of that length; `E_LIMIT` above 64 MiB.
 */
export function decodeBytes(codec: Codec, stored: Uint8Array, encodedLength: number): Uint8Array {
  assertBlockLength(codec.name, stored.length);
  assertBlockLength(codec.name, encodedLength);
  const from = RESERVED_BYTES;
  const to = from + align(stored.length, 64);
  const bench = threadBench(to + encodedLength - from);
  new Uint8Array(bench.memory.buffer, from, stored.length).set(stored);
  codec.decodeAt(bench, from, stored.length, to, encodedLength);
  return new Uint8Array(bench.memory.buffer, to, encodedLength).slice();
}
