import { assertInteger, show } from "../util/options.js";
import { assertEpoch } from "./check.js";
import { createOrder } from "./order.js";
import type { EpochOrder, Sampler } from "./types.js";

/** What is drawn from: a number of records, or anything with a `length`, such as a dataset. */
export type SamplerSource = number | { readonly length: number };

/** Every record once, in stored order, in every epoch. */
export class SequentialSampler implements Sampler {
  readonly length: number;
  readonly parameters: Sampler["parameters"];

  /** @throws TypeError, RangeError when the source has no length of at least 1. */
  constructor(source: SamplerSource) {
    this.length = sourceLength(source);
    this.parameters = { kind: "sequential", length: this.length };
  }

  epoch(epoch: number): EpochOrder {
    assertEpoch(epoch);
    return createOrder(this.length, (position) => position);
  }
}

/** Records of `source`. @throws TypeError, RangeError */
export function sourceLength(source: SamplerSource): number {
  if (typeof source === "number") {
    assertInteger("source", source, 1);
    return source;
  }
  if (typeof source !== "object" || source === null) {
    throw new TypeError(`source must be a number of records or have a length, got ${show(source)}`);
  }
  assertInteger("source.length", source.length, 1);
  return source.length;
}
