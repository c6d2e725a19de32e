import { assertInteger } from "../util/options.js";

/** Throws unless `seed` is a safe integer; any of them will do, 0 and negative ones too. */
export function assertSeed(seed: unknown): void {
  assertInteger("options.seed", seed, Number.MIN_SAFE_INTEGER);
}

export function assertEpoch(epoch: unknown): void {
  assertInteger("epoch", epoch, 0);
}
