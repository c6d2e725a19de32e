import { assertInteger, show } from "../util/options.js";
import { assertEpoch } from "./check.js";
import { fingerprintText } from "./hash.js";
import { createMixture, type Mixture, type MixtureOptions } from "./mixture.js";
import { assertFill } from "./order.js";
import type { EpochOrder, Sampler } from "./types.js";

/** One of the sources of a mixture. */
export interface MixtureSource {
  /** The order within the source, in record numbers of the source, from 0. */
  readonly sampler: Sampler;
  /** Records of the source, which set the numbers of the next one's. @default the length of the sampler */
  readonly records?: number | undefined;
}

type ResolvedSource = { readonly [Key in keyof MixtureSource]-?: NonNullable<MixtureSource[Key]> };

/**
 * Several sources read as one, in exact proportions: see `createMixture`. Its record numbers count through the sources as if they were laid end to end: those of
 * source s begin at `firstRecords[s]`. Each source keeps its own sampler; every pass through it is another epoch of that sampler, so what is repeated comes in
 * another order.
 *
 * @example
 * ```ts
 * const sources = [1000, 200].map((records) => ({ sampler: new RandomSampler(records, { seed: 7 }) }));
 * const sampler = new MixtureSampler(sources, { weights: [0.8, 0.2] });
 * sampler.firstRecords; // [0, 1000]
 * ```
 */
export class MixtureSampler implements Sampler {
  readonly length: number;
  readonly parameters: Sampler["parameters"];
  /** Which source stands where. */
  readonly mixture: Mixture;
  /** The first record number of each source. */
  readonly firstRecords: readonly number[];
  readonly #sources: readonly ResolvedSource[];

  /** @throws TypeError, RangeError naming the option that is not valid. */
  constructor(sources: readonly MixtureSource[], options: Omit<MixtureOptions, "lengths"> = {}) {
    this.#sources = resolveSources(sources);
    this.mixture = createMixture({ ...options, lengths: this.#sources.map(({ sampler }) => sampler.length) });
    this.length = this.mixture.length;
    let first = 0;
    this.firstRecords = this.#sources.map(({ records }) => {
      first += records;
      return first - records;
    });
    assertInteger("the sum of sources[…].records", first, 1);
    const of = fingerprintText(
      JSON.stringify(this.#sources.map(({ sampler, records }) => [sampler.parameters, records])),
    );
    this.parameters = { ...this.mixture.parameters, of };
  }

  epoch(epoch: number): EpochOrder {
    assertEpoch(epoch);
    const { length, mixture } = this;
    const readers = this.#sources.map((source, number) =>
      createReader(source, (pass) => mixture.epochOf(number, epoch, pass)),
    );
    let places = new Uint32Array(0);
    return {
      length,
      fill: (start, stride, target) => {
        assertFill(length, start, stride, target);
        if (places.length < target.length) places = new Uint32Array(target.length);
        mixture.fill(start, stride, places.subarray(0, target.length), target);
        for (let at = 0; at < target.length; at++) {
          const source = places[at] as number; // below the number of sources
          const record = (readers[source] as (index: number) => number)(target[at] as number);
          target[at] = (this.firstRecords[source] as number) + record;
        }
      },
    };
  }
}

/** The record at an index of a source that counts on from pass to pass. Keeps the order of the last pass. */
function createReader({ sampler, records }: ResolvedSource, epochOf: (pass: number) => number) {
  const one = new Float64Array(1);
  let pass = -1;
  let order: EpochOrder | undefined;
  return (index: number): number => {
    const wanted = Math.floor(index / sampler.length);
    if (order === undefined || wanted !== pass) order = sampler.epoch(epochOf(wanted));
    pass = wanted;
    order.fill(index - wanted * sampler.length, 1, one);
    const record = one[0] as number; // an array of one
    if (record < records) return record;
    throw new RangeError(`a source of ${records} records has no record ${record}: give its records beside its sampler`);
  };
}

function resolveSources(sources: readonly MixtureSource[]): readonly ResolvedSource[] {
  if (!Array.isArray(sources) || sources.length === 0) {
    throw new TypeError(`sources must be a list of { sampler, records }, got ${show(sources)}`);
  }
  return sources.map((source: MixtureSource, index) => {
    if (typeof source?.sampler?.epoch !== "function") {
      throw new TypeError(`sources[${index}].sampler must be a Sampler, got ${show(source?.sampler)}`);
    }
    const { sampler, records = sampler.length } = source;
    assertInteger(`sources[${index}].records`, records, 1);
    return { sampler, records };
  });
}
