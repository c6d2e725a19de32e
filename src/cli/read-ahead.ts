import type { RangeSource } from "../core/storage/port.js";

/** `[start, end)` of a source. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A range and its bytes, which are the reader's. */
export interface ReadRange extends ByteRange {
  readonly bytes: Uint8Array;
}

/** Reads ranges in their order, `ahead` of them at once. Who stops early waits for none of the others. */
export async function* readAhead(
  source: RangeSource,
  ranges: Iterable<ByteRange>,
  ahead: number,
  signal: AbortSignal,
): AsyncGenerator<ReadRange, void, undefined> {
  const stop = new AbortController();
  const readSignal = AbortSignal.any([stop.signal, signal]);
  const read = async (range: ByteRange): Promise<ReadRange> => {
    const bytes = new Uint8Array(range.end - range.start);
    await source.readInto(range.start, bytes, { signal: readSignal });
    return { ...range, bytes };
  };
  const queue: Promise<ReadRange>[] = [];
  try {
    for (const range of ranges) {
      const reading = read(range);
      // It is awaited in its turn; until then nobody listens.
      reading.catch(() => undefined);
      queue.push(reading);
      const first = queue.length >= ahead ? queue.shift() : undefined;
      if (first !== undefined) yield await first;
    }
    for (const reading of queue) yield await reading;
  } finally {
    stop.abort(new Error("nobody reads any more"));
  }
}
