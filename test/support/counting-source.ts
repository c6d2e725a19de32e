import type { RangeSource } from "../../src/core/storage/port.js";

/** A source that counts what is asked of it. */
export interface CountingSource extends RangeSource {
  readonly requests: number;
  readonly bytes: number;
  /** `[offset, length]` of each request, in order. */
  readonly ranges: readonly (readonly [number, number])[];
  reset(): void;
}

export function withCounter(source: RangeSource): CountingSource {
  let ranges: (readonly [number, number])[] = [];
  return {
    name: source.name,
    size: source.size,
    identity: source.identity,
    ...(source.descriptor === undefined ? {} : { descriptor: source.descriptor }),
    get requests() {
      return ranges.length;
    },
    get bytes() {
      return ranges.reduce((sum, [, length]) => sum + length, 0);
    },
    get ranges() {
      return ranges;
    },
    reset() {
      ranges = [];
    },
    readInto(offset, target, options) {
      ranges.push([offset, target.length]);
      return source.readInto(offset, target, options);
    },
    close: () => source.close(),
    [Symbol.asyncDispose]: () => source.close(),
  };
}
