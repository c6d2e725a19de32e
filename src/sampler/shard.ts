import { assertBoolean, assertInteger, assertOneOf } from "../util/options.js";
import type { EpochOrder, Shard } from "./types.js";

/** What becomes of a last step with fewer positions than a full one; see `ShardPlanOptions.tail`. */
export type ShardTail = "drop" | "pad" | "short";

export interface ShardPlanOptions {
  /** Positions in the epoch. */
  readonly length: number;
  /** Records per batch of this rank; a step takes `batchSize × world` positions. */
  readonly batchSize: number;
  readonly shard: Shard;
  /** `true` is `tail: "drop"` and allows no other, `false` is `tail: "short"` where no `tail` is given. @default false */
  readonly dropLast?: boolean | undefined;
  /**
   * The last step, where the positions left are no full one:
   * "drop" leaves it out; "short" shares what there is, so that ranks may differ by one record or have none;
   * "pad" fills it up with the positions 0, 1, … of the same epoch, as many as are missing (and round again where the epoch is shorter than that), so that each
   * rank has `batchSize` records. The records at these positions come twice in the epoch. Which they are depends on the step's size alone, not on the
   * world. They are the last of a rank's share, `ShardStep.padded` of them: leave them out where they would count twice, as in an evaluation.
   * @default what `dropLast` says
   */
  readonly tail?: ShardTail | undefined;
  /** Position the first step begins at: where the epoch was left, in whatever world that was. @default 0 */
  readonly start?: number | undefined;
}

/** One step: a global batch, and this rank's share of it. */
export interface ShardStep {
  /** Positions `[from, to)` of the epoch, over all ranks; without padding. */
  readonly from: number;
  readonly to: number;
  /** This rank's positions are `first, first + stride, …`, `size` of them; those past the end of the epoch, the padding, count on from its start. */
  readonly first: number;
  readonly stride: number;
  /** At most `batchSize`, and that in every full or padded step; 0 in a short last step with fewer positions than ranks. */
  readonly size: number;
  /** How many of them are padding: the last ones. */
  readonly padded: number;
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
  const { length, batchSize, shard, start = 0 } = options;
  assertShard("options.shard", shard);
  assertInteger("options.length", length, 0);
  assertInteger("options.batchSize", batchSize, 1, Math.floor(Number.MAX_SAFE_INTEGER / shard.world));
  assertInteger("options.start", start, 0, length);
  const tail = resolveTail(options);
  const globalBatch = batchSize * shard.world;
  const steps =
    tail === "drop" ? Math.floor((length - start) / globalBatch) : Math.ceil((length - start) / globalBatch);
  return {
    steps,
    step(step) {
      if (!Number.isInteger(step) || step < 0 || step >= steps) {
        throw new RangeError(`step must be an integer in [0, ${steps}), got ${step}`);
      }
      const from = start + step * globalBatch;
      const to = Math.min(from + globalBatch, length);
      const first = from + ((shard.rank - (from % shard.world) + shard.world) % shard.world);
      const own = Math.max(0, Math.ceil((to - first) / shard.world));
      const size = tail === "pad" ? batchSize : own;
      return { from, to, first, stride: shard.world, size, padded: size - own };
    },
  };
}

/**
 * Writes the records of a step into `target`, `step.size` numbers, filling it; padding comes from the start of the epoch.
 *
 * @throws RangeError when the step is not one of this order.
 */
export function fillStep(order: EpochOrder, step: ShardStep, target: Float64Array): void {
  const { length } = order;
  const { first, stride, size, padded } = step;
  if (target.length !== size) throw new RangeError(`target must hold ${size} numbers, got ${target.length}`);
  const own = size - padded;
  if (own > 0) order.fill(first, stride, target.subarray(0, own));
  for (let at = own; at < size; at++) order.fill((first + at * stride) % length, 1, target.subarray(at, at + 1));
}

function resolveTail({ dropLast, tail }: ShardPlanOptions): ShardTail {
  if (dropLast !== undefined) assertBoolean("options.dropLast", dropLast);
  const implied = dropLast === true ? "drop" : "short";
  if (tail === undefined) return implied;
  assertOneOf("options.tail", tail, ["drop", "pad", "short"]);
  if (dropLast === true && tail !== "drop") {
    throw new RangeError(`options.tail must be "drop" where options.dropLast is true, got "${tail}"`);
  }
  return tail;
}

/** Throws unless `shard` is `{ rank, world }` with rank in `[0, world)`. */
export function assertShard(name: string, shard: Shard): void {
  assertInteger(`${name}.world`, shard.world, 1);
  assertInteger(`${name}.rank`, shard.rank, 0, shard.world - 1);
}
