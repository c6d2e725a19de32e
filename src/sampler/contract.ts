import { assertInteger, show } from "../util/options.js";
import type { ShuffleContract } from "./types.js";

export interface ShuffleContractOptions {
  /** Units open at once, over all lanes. */
  readonly window: number;
  /** Records in a unit; the mean, where units differ. */
  readonly recordsPerUnit: number;
  /** How alike the records of a unit are (intraclass correlation): 0 as stored at random, 1 as stored sorted by class. @default 1 */
  readonly rho?: number | undefined;
  /** Records of a global batch. */
  readonly batchSize: number;
  /** Lanes the batch is drawn from in turn. @default 1 */
  readonly lanes?: number | undefined;
}

/**
 * How well a windowed shuffle mixes. Two records drawn from the window of one lane, W/C units of R records, are of the same unit with probability
 * (R − 1) / (R·W/C − 1), and then correlated by ρ: the design effect of cluster sampling (Kish, "Survey Sampling", 1965). Records of different lanes hardly
 * ever share a unit. A batch of b records has b/C of each lane, so the variance of its mean is that of an ideal shuffle × (1 + ρ(b/C − 1)(R − 1) / (R·W/C − 1)).
 * With one lane, large R and ρ = 1 that is 1 + (b − 1) / W, which no number of lanes exceeds.
 *
 * @throws TypeError, RangeError naming the option that is not valid.
 * @example
 * ```ts
 * shuffleContract({ window: 512, recordsPerUnit: 40, batchSize: 128 }).effectiveBatch; // 103
 * ```
 */
export function shuffleContract(options: ShuffleContractOptions): ShuffleContract {
  const { window, recordsPerUnit, rho = 1, batchSize, lanes = 1 } = options;
  assertInteger("options.window", window, 1);
  assertInteger("options.batchSize", batchSize, 1);
  assertInteger("options.lanes", lanes, 1);
  assertNumber("options.recordsPerUnit", recordsPerUnit, 1, Number.MAX_SAFE_INTEGER);
  assertNumber("options.rho", rho, 0, 1);
  const perLane = Math.max(1, window / lanes);
  // With one record a unit no two can share one; the quotient would be 0 / 0 where a lane's window is one unit as well.
  const shared = recordsPerUnit === 1 ? 0 : (recordsPerUnit - 1) / (perLane * recordsPerUnit - 1);
  const varianceFactor = 1 + rho * matesInLane(batchSize, lanes) * shared;
  return { window, varianceFactor, effectiveBatch: batchSize / varianceFactor };
}

/** Other records of the same lane that a record of the batch meets on average: b/C − 1 where the lanes divide the batch. */
function matesInLane(batchSize: number, lanes: number): number {
  const least = Math.floor(batchSize / lanes);
  const more = batchSize % lanes;
  const pairs = more * (least + 1) * least + (lanes - more) * least * Math.max(0, least - 1);
  return pairs / batchSize;
}

function assertNumber(name: string, value: unknown, minimum: number, maximum: number): void {
  if (typeof value !== "number") throw new TypeError(`${name} must be a number, got ${show(value)}`);
  if (!(value >= minimum && value <= maximum)) {
    throw new RangeError(`${name} must be from ${minimum} to ${maximum}, got ${value}`);
  }
}
