import { AsyncByteQueue, RecordBatchFileWriter, RecordBatchStreamWriter, type RecordBatchWriter } from "apache-arrow";
import type { Schema } from "../../src/index.js";
import { type ArrowOptions, type BatchSource, recordBatchReader } from "./record-batches.js";

/** Pieces below this are joined into one chunk, so that a message's header does not cost a write for each of its parts. */
const SMALL_BYTES = 4096;

/**
 * An epoch in Arrow's IPC stream format, chunk by chunk as its batches come; large columns are yielded as they are, without a copy. An epoch
 * without batches gives a stream with a schema and no batch, where the schema is known.
 *
 * @example
 * ```ts
 * await writeFile("epoch.arrows", toIpcStream(loader.epoch(0)));
 * ```
 * @throws HexzError `E_EMPTY` where the epoch has no batch and its schema was not given.
 */
export function toIpcStream<S extends Schema>(
  source: BatchSource<S>,
  options: ArrowOptions = {},
): AsyncGenerator<Uint8Array, void> {
  return ipc(source, options, new RecordBatchStreamWriter());
}

/**
 * An epoch in Arrow's IPC file format (random access to the batches, also called Feather v2), chunk by chunk.
 *
 * @example
 * ```ts
 * await writeFile("epoch.arrow", toIpcFile(loader.epoch(0)));
 * ```
 * @throws HexzError `E_EMPTY` where the epoch has no batch and its schema was not given.
 */
export function toIpcFile<S extends Schema>(
  source: BatchSource<S>,
  options: ArrowOptions = {},
): AsyncGenerator<Uint8Array, void> {
  return ipc(source, options, new RecordBatchFileWriter());
}

async function* ipc<S extends Schema>(
  source: BatchSource<S>,
  options: ArrowOptions,
  writer: RecordBatchWriter,
): AsyncGenerator<Uint8Array, void> {
  await using reader = recordBatchReader(source, options);
  const pieces: Uint8Array[] = [];
  const { schema } = await reader.open();
  writer.reset(new Collector(pieces), schema); // writes the schema even when no batch follows
  for await (const recordBatch of reader) {
    writer.write(recordBatch);
    yield* joined(pieces.splice(0));
  }
  writer.close();
  yield* joined(pieces.splice(0));
}

/** A sink that hands over what is written at once: Arrow's own queue can only be awaited, which says nothing of where a batch ends. */
class Collector extends AsyncByteQueue {
  readonly #pieces: Uint8Array[];

  constructor(pieces: Uint8Array[]) {
    super();
    this.#pieces = pieces;
  }

  override write(piece: Uint8Array): void {
    if (piece.byteLength > 0) this.#pieces.push(piece);
  }
}

function* joined(pieces: readonly Uint8Array[]): Generator<Uint8Array, void> {
  let small: Uint8Array[] = [];
  for (const piece of pieces) {
    if (piece.byteLength < SMALL_BYTES) {
      small.push(piece);
      continue;
    }
    if (small.length > 0) yield concat(small);
    small = [];
    yield piece;
  }
  if (small.length > 0) yield concat(small);
}

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    result.set(piece, at);
    at += piece.byteLength;
  }
  return result;
}
