import { MAX_FIELDS, MAX_RAW_BLOCK_BYTES } from "../core/format/limits.js";
import type { FieldStatistics } from "../core/format/metadata.js";
import { parseMetadata, serializeMetadata } from "../core/format/metadata.js";
import { createRowLayout, type RowLayout } from "../core/format/row-layout.js";
import type { SchemaSpec } from "../core/format/schema.js";
import { createRowWriter, type RawBlock } from "../dataset/encode.js";
import { schemaSpec } from "../dataset/fields.js";
import type { RecordInput, RecordSource, Schema } from "../dataset/types.js";
import { HexzError } from "../errors.js";
import { show } from "../util/options.js";
import { createCutter } from "./cut.js";
import { loadPacking, type PackRecipe } from "./encode-block.js";
import { encodeInOrder, openBlockEncoder } from "./encode-pool.js";
import { type FileSystem, nodeFileSystem } from "./file-system.js";
import { chooseFilters } from "./filters.js";
import { type PackOptions, type ResolvedPackOptions, resolvePackOptions } from "./options.js";
import { type Output, outputsFor } from "./output.js";
import { byteBlocks, recordBlocks } from "./raw-blocks.js";
import { StatisticsBuilder } from "./statistics.js";
import { takeBehind } from "./take-behind.js";
import { SnapshotWriter } from "./writer.js";

/** What was packed. */
export interface PackResult {
  /** Hex id of the snapshot: pins every byte of its content. */
  readonly id: string;
  readonly kind: "bytes" | "records";
  readonly path: string;
  /** 0 for kind `bytes`. */
  readonly records: number;
  /** Bytes before compression: rows and heaps, or the bytes of the stream. */
  readonly rawBytes: number;
  readonly fileBytes: number;
  readonly blocks: number;
  /** Field name → what is known of its values; empty for kind `bytes`. */
  readonly statistics: Readonly<Record<string, FieldStatistics>>;
}

/** Something to read one after another, at once or asynchronously. */
export type AnyIterable<T> = Iterable<T> | AsyncIterable<T>;

/**
 * Packs records or bytes into one snapshot file, in one pass and bounded memory. The same input and options give the same bytes, on any machine, with any
 * number of workers. The file appears at `destination` whole and verified, or, on any error or abort, not at all. Destinations that are symbolic
 * links are replaced, not followed. `s3://bucket/key` is written as a multipart upload, with no copy on disk.
 *
 * @param input A {@link RecordSource}; or records with `options.schema`, each an object with a value for every field; or, without a schema, bytes.
 *   It is copied from at once: records and chunks may be reused by whoever gives them.
 * @throws HexzError `E_RECORD` (which record, field, expected and received), `E_EMPTY`, `E_LIMIT`, `E_SCHEMA`, `E_EXISTS`, `E_IS_DIRECTORY`,
 *   `E_NOT_FOUND`, `E_NO_SPACE`, `E_IO`, `E_FEATURE`; for S3 also `E_ACCESS`, `E_NETWORK`, `E_TIMEOUT`, `E_HTTP`, `E_DEPENDENCY`; and whatever the input throws, as it is.
 * @throws TypeError, RangeError for wrong options.
 * @example
 * ```ts
 * const schema = { image: fields.uint8([28, 28, 1]), label: fields.int32() };
 * const result = await pack([{ image: new Uint8Array(784), label: 3 }], "train.hxz", { schema });
 * ```
 */
export function pack<S extends Schema>(
  input: AnyIterable<RecordInput<NoInfer<S>>>,
  destination: string,
  options: PackOptions & { readonly schema: S },
): Promise<PackResult>;
export function pack<S extends Schema>(
  input: RecordSource<S>,
  destination: string,
  options?: PackOptions,
): Promise<PackResult>;
export function pack(
  input: Uint8Array | AnyIterable<Uint8Array>,
  destination: string,
  options?: PackOptions,
): Promise<PackResult>;
export function pack(
  input: Uint8Array | AnyIterable<unknown>,
  destination: string,
  options: PackOptions & { readonly schema?: Schema } = {},
): Promise<PackResult> {
  return packWith(nodeFileSystem, input, destination, options);
}

/** {@link pack} on a file system of the caller's. */
export async function packWith(
  files: FileSystem,
  input: Uint8Array | AnyIterable<unknown>,
  destination: string,
  options: PackOptions & { readonly schema?: Schema | undefined },
): Promise<PackResult> {
  const resolved = resolvePackOptions(
    options,
    options?.schema === undefined && !hasSchema(input) ? "bytes" : "records",
  );
  if (typeof destination !== "string" || destination === "") {
    throw new TypeError(`destination must be the path of a file or an s3:// address, got ${show(destination)}`);
  }
  const outputs = outputsFor(destination, { files, storage: resolved.storage });
  resolved.signal?.throwIfAborted();
  await outputs.assertFree(destination, resolved);
  await loadPacking();
  const contents = await openContents(input, options.schema, resolved);
  await using output = await outputs.create(destination, resolved);
  return await write(output, contents, destination, resolved);
}

/** An input as raw blocks. */
interface Contents {
  readonly kind: "bytes" | "records";
  readonly schema: SchemaSpec | undefined;
  readonly rows: RowLayout | undefined;
  readonly blocks: AsyncGenerator<RawBlock, void, undefined>;
}

async function openContents(
  input: Uint8Array | AnyIterable<unknown>,
  given: Schema | undefined,
  options: ResolvedPackOptions,
): Promise<Contents> {
  const { blockBytes, cut, signal, user } = options;
  assertIterable(input);
  const schema = given ?? (await schemaOf(input));
  if (schema === undefined) {
    checkMetadata(undefined, user);
    const chunks = input instanceof Uint8Array ? [input] : input;
    return { kind: "bytes", schema, rows: undefined, blocks: byteBlocks(chunks, blockBytes, signal) };
  }
  const spec = schemaSpec(schema);
  const rows = createRowLayout(spec);
  checkRows(spec, rows);
  checkMetadata(spec, user);
  const blocks = recordBlocks(input, createRowWriter(spec, rows), createCutter(cut), signal);
  return { kind: "records", schema: spec, rows, blocks };
}

function assertIterable(input: unknown): void {
  const isIterable =
    typeof input === "object" && input !== null && (Symbol.iterator in input || Symbol.asyncIterator in input);
  if (!isIterable) throw new TypeError(`input must be an iterable of records or of Uint8Arrays, got ${show(input)}`);
}

function hasSchema(input: unknown): input is { readonly schema: unknown } {
  return typeof input === "object" && input !== null && "schema" in input;
}

/** The schema a source brings along. */
async function schemaOf(input: object): Promise<Schema | undefined> {
  // That of a RecordSource; `schemaSpec` checks what it is.
  return hasSchema(input) ? ((await input.schema) as Schema) : undefined;
}

function checkRows(schema: SchemaSpec, { strideBytes }: RowLayout): void {
  const fieldCount = Object.keys(schema).length;
  if (fieldCount > MAX_FIELDS) {
    throw new HexzError("E_LIMIT", `the schema has ${fieldCount} fields, at most ${MAX_FIELDS} are allowed`, {
      context: { fields: fieldCount, limit: MAX_FIELDS },
    });
  }
  if (strideBytes > MAX_RAW_BLOCK_BYTES) {
    const message = `a record of this schema takes ${strideBytes} bytes, a block holds at most ${MAX_RAW_BLOCK_BYTES}; split the field`;
    throw new HexzError("E_LIMIT", message, { context: { bytes: strideBytes, limit: MAX_RAW_BLOCK_BYTES } });
  }
}

/** Reads the metadata back as a reader will, before any input is read. */
function checkMetadata(fields: SchemaSpec | undefined, user: ResolvedPackOptions["user"]): void {
  parseMetadata(serializeMetadata({ fields, user }), "options.user");
}

async function write(
  output: Output,
  contents: Contents,
  path: string,
  options: ResolvedPackOptions,
): Promise<PackResult> {
  const { kind, schema } = contents;
  const writer = new SnapshotWriter(output, { kind, ...options });
  const statistics = schema === undefined ? undefined : new StatisticsBuilder(schema);
  await writeBlocks(contents, writer, statistics, options);
  if (writer.totals.blocks === 0) throw emptyInput(kind);
  const metadata = { fields: schema, statistics: statistics?.finish(), user: options.user };
  const id = await writer.finish(metadata);
  options.signal?.throwIfAborted();
  await output.publish({ ...options, id });
  return { id, kind, path, ...writer.totals, statistics: metadata.statistics ?? {} };
}

async function writeBlocks(
  contents: Contents,
  writer: SnapshotWriter,
  statistics: StatisticsBuilder | undefined,
  options: ResolvedPackOptions,
): Promise<void> {
  const first = await contents.blocks.next();
  if (first.done === true) return;
  await using encoder = await openBlockEncoder(recipeFor(first.value, contents, options), options.workers);
  const packed = encodeInOrder(startingWith(first.value, contents.blocks), encoder);
  await takeBehind(packed, async ({ block, statistics: part }) => {
    options.signal?.throwIfAborted();
    await writer.append(block);
    if (part !== undefined) statistics?.add(part);
    const { fileBytes, rawBytes, records, blocks } = writer.totals;
    options.onProgress?.({ bytesIn: rawBytes, bytesOut: fileBytes, records, blocks });
  });
}

/** The filters are chosen on the first block and hold for all. */
function recipeFor(first: RawBlock, { rows, schema }: Contents, options: ResolvedPackOptions): PackRecipe {
  const { codec, level, checksum, verify } = options;
  const filters = rows === undefined ? [] : chooseFilters(first, rows, codec, level);
  return { encode: { codec, level, checksum, rows, filters, verify }, schema };
}

async function* startingWith<T>(
  first: T,
  rest: AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  try {
    yield first;
    yield* rest;
  } finally {
    await rest.return();
  }
}

function emptyInput(kind: "bytes" | "records"): HexzError {
  const what = kind === "records" ? "records" : "bytes";
  return new HexzError("E_EMPTY", `the input gave no ${what}; nothing was published`, { context: { kind } });
}
