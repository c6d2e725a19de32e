import { assertInteger } from "../util/options.js";
import { createUnitIndex } from "../util/unit-index.js";
import { assertSeed } from "./check.js";
import type { Sampler, UnitCounts } from "./types.js";
import { createWindowOrder, LANES_LIMIT } from "./window-order.js";

export interface WindowSamplerOptions {
  readonly counts: UnitCounts;
  /** Any safe integer. */
  readonly seed: number;
  /** Units open at once, over all lanes. @default 1024, or all units where there are fewer */
  readonly window?: number | undefined;
  /**
   * Parts of the epoch that are read side by side. A world that divides it reads every unit about once; it does not depend on the world, so the order does not either.
   * @default the most of 48, 24, 12, 6, 4, 3, 2, 1 that leaves each lane one unit of the window and four of the dataset
   */
  readonly lanes?: number | undefined;
}

const DEFAULT_WINDOW = 1024;
const LANE_COUNTS = [48, 24, 12, 6, 4, 3, 2];
/** A unit cut by a lane's end is read by two lanes: with four units a lane that is a quarter of the units at most. */
const MIN_UNITS_PER_LANE = 4;

/**
 * A shuffle for data larger than memory: see `createWindowOrder` for the order and `shuffleContract` for how well it mixes.
 *
 * @throws TypeError, RangeError naming the option that is not valid.
 * @example
 * ```ts
 * const sampler = createWindowSampler({ counts: { units: 1000, total: 64_000, perUnit: 64 }, seed: 7 });
 * const batch = new Float64Array(128);
 * sampler.epoch(0).fill(0, 1, batch);
 * ```
 */
export function createWindowSampler(options: WindowSamplerOptions): Sampler {
  const { counts, seed } = options;
  const index = createUnitIndex(counts);
  assertSeed(seed);
  if (options.window !== undefined) assertInteger("options.window", options.window, 1);
  if (options.lanes !== undefined) assertInteger("options.lanes", options.lanes, 1, LANES_LIMIT);
  const window = Math.min(options.window ?? DEFAULT_WINDOW, counts.units);
  const lanes = options.lanes ?? defaultLanes(window, counts.units);
  return {
    length: counts.total,
    parameters: { kind: "window", seed, window, lanes },
    epoch: (epoch) => createWindowOrder({ counts, seed, epoch, window, lanes, index }),
  };
}

function defaultLanes(window: number, units: number): number {
  return LANE_COUNTS.find((lanes) => lanes <= window && lanes * MIN_UNITS_PER_LANE <= units) ?? 1;
}
