import { assertBoolean, assertInteger } from "../util/options.js";
import type { Shard } from "./types.js";

export interface ShardPlanOptions {
  /** Positions in the epoch. */
  readonly length: number;
  /** Records per batch of this rank; a step takes `batchSize × world` positions. */
  readonly batchSize: number;
  readonly shard: Shard;
  /** Leave out the last, smaller step. @default false */
  readonly dropLast?: boolean | undefined;
  /** Position the first step begins at: where the epoch was left, in whatever world that was. @default 0 */
  readonly start?: number | undefined;
}

/** One step: a global batch, and this rank's share of it. */
export interface ShardStep {
  /** Positions `[from, to)` of the epoch, over all ranks. */
  readonly from: number;
  readonly to: number;
  /** This rank's positions are `first, first + stride, …`, `size` of them. */
  readonly first: number;
  readonly stride: number;
  /** At most `batchSize`, and that in every full step; 0 in a last step with fewer positions than ranks. */
  readonly size: number;
}

export interface ShardPlan {
  /** Steps from `start` to the end of the epoch, the same on every rank. */
  readonly steps: number;
  /** @throws RangeError outside `[0, steps)` */
  step(step: number): ShardStep;
}

/**
 * Shares the positions of an epoch among ranks: rank r takes the positions p with p mod world = r. Counted from the start of the epoch, not of the
 * step, so that a rank keeps to its own lanes (position p is in lane p mod lanes) wherever the epoch is resumed, as long as the world divides the
 * lanes. `batchSize × world` consecutive positions hold exactly `batchSize` of each rank, wherever they begin.
 *
 * @throws TypeError, RangeError naming the option that is not valid.
 */
export function createShardPlan(options: ShardPlanOptions): ShardPlan {
  const { length, batchSize, shard, dropLast = false, start = 0 } = options;
  assertShard("options.shard", shard);
  assertInteger("options.length", length, 0);
  assertInteger("options.batchSize", batchSize, 1, Math.floor(Number.MAX_SAFE_INTEGER / shard.world));
  assertInteger("options.start", start, 0, length);
  assertBoolean("options.dropLast", dropLast);
  const globalBatch = batchSize * shard.world;
  const steps = dropLast ? Math.floor((length - start) / globalBatch) : Math.ceil((length - start) / globalBatch);
  return {
    steps,
    step(step) {
      if (!Number.isInteger(step) || step < 0 || step >= steps) {
        throw new RangeError(`step must be an integer in [0, ${steps}), got ${step}`);
      }
      const from = start + step * globalBatch;
      return shareOf(shard, from, Math.min(from + globalBatch, length));
    },
  };
}

function shareOf({ rank, world }: Shard, from: number, to: number): ShardStep {
  const first = from + ((rank - (from % world) + world) % world);
  return { from, to, first, stride: world, size: Math.max(0, Math.ceil((to - first) / world)) };
}

/** Throws unless `shard` is `{ rank, world }` with rank in `[0, world)`. */
export function assertShard(name: string, shard: Shard): void {
  assertInteger(`${name}.world`, shard.world, 1);
  assertInteger(`${name}.rank`, shard.rank, 0, shard.world - 1);
}
