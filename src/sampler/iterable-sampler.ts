import { assertInteger, show } from "../util/options.js";
import { assertEpoch } from "./check.js";
import { fingerprint } from "./hash.js";
import { createOrder } from "./order.js";
import { copyIndices } from "./subset-random-sampler.js";
import type { EpochOrder, Sampler } from "./types.js";

/**
 * A sampler from a caller's own record numbers, in the caller's order. The iterable is read once here, which gives the length and serves the first epoch asked
 * for, and again whenever another epoch is asked for; it must give as many numbers each time. An iterable that changes from pass to pass
 * can resume an epoch only if its first pass in the new process is that epoch's.
 *
 * @throws TypeError, RangeError naming the index that is not an integer >= 0.
 */
export function createIterableSampler(iterable: Iterable<number>): Sampler {
  if (typeof (iterable as Partial<Iterable<number>> | null)?.[Symbol.iterator] !== "function") {
    throw new TypeError(`sampler must be a Sampler or an iterable of record numbers, got ${show(iterable)}`);
  }
  let records = copyIndices("sampler", iterable);
  let readFor: number | undefined;
  const { length } = records;
  assertInteger("sampler length", length, 1);

  function read(epoch: number): Float64Array {
    const again = copyIndices("sampler", iterable);
    if (again.length === length) return again;
    throw new RangeError(
      `sampler gave ${length} record numbers first and ${again.length} for epoch ${epoch}: pass an iterable that can be read again, such as an array`,
    );
  }

  return {
    length,
    parameters: { kind: "iterable", length, indices: fingerprint(records) },
    epoch(epoch): EpochOrder {
      assertEpoch(epoch);
      if (readFor !== undefined && readFor !== epoch) records = read(epoch);
      readFor = epoch;
      const current = records;
      return createOrder(length, (position) => current[position] as number); // createOrder keeps positions below length
    },
  };
}
