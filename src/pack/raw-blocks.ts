import { checksumOf } from "../core/codec/index.js";
import type { RawBlock, RowWriter } from "../dataset/encode.js";
import { show } from "../util/options.js";
import type { Cutter } from "./cut.js";

/** XXH64, whatever checksum the blocks have (FORMAT.md 6.4). */
const CUT_HASH = 2;

/** Records into raw blocks, cut as `cutter` says. Needs `loadChecksums()` before. */
export async function* recordBlocks(
  records: AsyncIterable<unknown> | Iterable<unknown>,
  writer: RowWriter,
  cutter: Cutter,
  signal: AbortSignal | undefined,
): AsyncGenerator<RawBlock, void, undefined> {
  const hash = () => checksumOf(CUT_HASH, writer.lastRecord()).low;
  const cutAfterAdding = (recordBytes: number) =>
    cutter({ count: writer.count, rawBytes: writer.rawBytes, recordBytes, record: writer.records - 1, hash });
  for await (const batch of inRuns(records, signal)) {
    for (const record of batch) {
      const recordBytes = writer.add(record);
      let cut = cutAfterAdding(recordBytes);
      if (cut === "before") {
        yield writer.take(writer.count - 1);
        cut = cutAfterAdding(recordBytes);
      }
      if (cut === "after") yield writer.take();
    }
  }
  if (writer.count > 0) yield writer.take();
}

/**
 * The items of an iterable, synchronous ones in one run: awaiting each would cost more than writing it. A pending `next` does not outlast the signal.
 */
async function* inRuns<T>(
  items: AsyncIterable<T> | Iterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Iterable<T>, void, undefined> {
  if (Symbol.asyncIterator in items) for await (const item of untilAborted(items, signal)) yield [item];
  else yield items;
}

/** A stream of bytes into blocks of `blockBytes`, the last one shorter. Copies what it is given. */
export async function* byteBlocks(
  chunks: AsyncIterable<unknown> | Iterable<unknown>,
  blockBytes: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<RawBlock, void, undefined> {
  let raw = new Uint8Array(blockBytes);
  let length = 0;
  for await (const run of inRuns(chunks, signal)) {
    for (const item of run) {
      const chunk = asChunk(item);
      for (let at = 0; at < chunk.length; ) {
        const part = chunk.subarray(at, at + blockBytes - length);
        raw.set(part, length);
        at += part.length;
        length += part.length;
        if (length < blockBytes) continue;
        yield { raw, count: 0 };
        raw = new Uint8Array(blockBytes);
        length = 0;
      }
    }
  }
  if (length > 0) yield { raw: raw.slice(0, length), count: 0 };
}

function asChunk(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new TypeError(
    `without options.schema the input must give Uint8Arrays, got ${show(chunk)}; records need a schema`,
  );
}

/** `items` until the signal is aborted, even while `next` is pending; the iterator is told to return, but not waited for. */
async function* untilAborted<T>(
  items: AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  if (signal === undefined) return yield* items;
  const iterator = items[Symbol.asyncIterator]();
  let finished = false;
  const aborted = rejectionOf(signal);
  try {
    for (;;) {
      const result = await Promise.race([iterator.next(), aborted.promise]);
      finished = result.done === true;
      if (finished) return;
      yield result.value;
    }
  } catch (error) {
    finished = !signal.aborted;
    throw error;
  } finally {
    aborted.forget();
    const returned = finished ? undefined : Promise.resolve(iterator.return?.());
    // A generator that hangs in `next` would hang in `return` too.
    if (signal.aborted) returned?.catch(() => undefined);
    else await returned;
  }
}

/** A promise that rejects when the signal is aborted, and how to stop listening. */
function rejectionOf(signal: AbortSignal): { readonly promise: Promise<never>; readonly forget: () => void } {
  let listener = () => {};
  const promise = new Promise<never>((_, reject) => {
    listener = () => reject(signal.reason);
    if (signal.aborted) listener();
    else signal.addEventListener("abort", listener);
  });
  promise.catch(() => undefined);
  return { promise, forget: () => signal.removeEventListener("abort", listener) };
}
