import { HexzError } from "../../errors.js";
import { MAX_RAW_BLOCK_BYTES } from "../format/limits.js";
import type { CodecName } from "./types.js";

/** Refuses lengths that no block may have, before anything is allocated for them. */
export function assertBlockLength(codec: CodecName, lengthBytes: number): void {
  if (Number.isInteger(lengthBytes) && lengthBytes >= 0 && lengthBytes <= MAX_RAW_BLOCK_BYTES) return;
  throw new HexzError("E_LIMIT", `a block of ${lengthBytes} bytes is over the limit of ${MAX_RAW_BLOCK_BYTES}`, {
    context: { codec, length: lengthBytes, limit: MAX_RAW_BLOCK_BYTES },
  });
}

/** The one error of a block that does not decode. */
export function corruptBlock(codec: CodecName, problem: string, expected: number, cause?: unknown): HexzError {
  return new HexzError("E_BLOCK_CORRUPT", `codec ${codec} ${problem} where ${expected} bytes are expected`, {
    context: { codec, expected },
    cause,
  });
}
