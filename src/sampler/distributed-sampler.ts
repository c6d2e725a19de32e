import { assertBoolean } from "../util/options.js";
import { assertEpoch } from "./check.js";
import { assertFill } from "./order.js";
import { assertShard } from "./shard.js";
import type { EpochOrder, Sampler } from "./types.js";

export interface DistributedSamplerOptions {
  readonly rank: number;
  readonly world: number;
  /** Leave out the positions at the end that do not make one for every rank. @default false */
  readonly dropLast?: boolean | undefined;
  /**
   * Fill the last round up with positions from the start of the epoch, so that all ranks have equally many; without it, and without `dropLast`, some
   * ranks have one fewer. @default true, unless `dropLast`
   */
  readonly padding?: boolean | undefined;
}

/**
 * One rank's part of another sampler: positions rank, rank + world, … A loader shares out its batches by itself, see its `shard` option; this is for
 * loops without one.
 */
export class DistributedSampler implements Sampler {
  readonly length: number;
  readonly parameters: Sampler["parameters"];
  readonly #sampler: Sampler;
  readonly #rank: number;
  readonly #world: number;

  /** @throws TypeError, RangeError naming the option that is not valid. */
  constructor(sampler: Sampler, options: DistributedSamplerOptions) {
    const { rank, world, dropLast = false, padding = !dropLast } = options;
    assertShard("options", { rank, world });
    assertBoolean("options.dropLast", dropLast);
    assertBoolean("options.padding", padding);
    if (dropLast && padding)
      throw new RangeError("options.padding must be false where options.dropLast is true, got true");
    this.#sampler = sampler;
    this.#rank = rank;
    this.#world = world;
    this.length = shareLength(sampler.length, { rank, world, dropLast, padding });
    const of = JSON.stringify(sampler.parameters);
    this.parameters = { kind: "distributed", rank, world, dropLast, padding, of };
  }

  epoch(epoch: number): EpochOrder {
    assertEpoch(epoch);
    const order = this.#sampler.epoch(epoch);
    const length = this.length;
    const rank = this.#rank;
    const world = this.#world;
    // Only the last position can lie beyond the epoch: the others are a round or more before it.
    const inside = Math.max(0, Math.ceil((order.length - rank) / world));
    return {
      length,
      fill(start, stride, target) {
        assertFill(length, start, stride, target);
        const count = Math.min(target.length, Math.max(0, Math.ceil((inside - start) / stride)));
        order.fill(rank + start * world, stride * world, target.subarray(0, count));
        if (count < target.length)
          order.fill((rank + inside * world) % order.length, 1, target.subarray(count, count + 1));
      },
    };
  }
}

function shareLength(
  length: number,
  options: Required<Record<keyof DistributedSamplerOptions, number | boolean>>,
): number {
  const rounds = length / Number(options.world);
  if (options.dropLast) return Math.floor(rounds);
  if (options.padding) return Math.ceil(rounds);
  return Math.max(0, Math.ceil((length - Number(options.rank)) / Number(options.world)));
}
