import type { SnapshotHeader } from "../core/format/header.js";
import type { SchemaSpec } from "../core/format/schema.js";
import { HexzError } from "../errors.js";
import { defaultThreads, environment } from "../platform/index.js";
import { shardFromEnvironment } from "../sampler/launcher.js";
import { assertShard, type ShardTail } from "../sampler/shard.js";
import type { Sampler, Shard } from "../sampler/types.js";
import { formatBytes } from "../util/byte-size.js";
import { assertBoolean, assertInteger, assertKnownKeys, assertOneOf, show } from "../util/options.js";
import { ARENA_PAGE_BYTES } from "./arena.js";
import type { OnError } from "./bad-records.js";
import { assertOnError } from "./bad-records.js";
import type { Cast } from "./cast.js";
import { assertCasts } from "./cast.js";
import type { Capacity } from "./host.js";
import type { ShuffleOptions } from "./types.js";

const OPTION_NAMES = [
  "batchSize",
  "shuffle",
  "shard",
  "dropLast",
  "tail",
  "filter",
  "sampler",
  "select",
  "cast",
  "onError",
  "maxSkippedRecords",
  "workers",
];
const MAX_WORKERS = 64;
const DEFAULT_MAX_SKIPPED = 1000;

/** Loader options with every default filled in. */
export interface ResolvedOptions {
  readonly batchSize: number;
  readonly shuffle: ShuffleOptions | undefined;
  readonly shard: Shard;
  readonly tail: ShardTail;
  readonly sampler: Sampler | Iterable<number> | undefined;
  readonly filter: Iterable<number> | ((record: number) => boolean) | undefined;
  readonly select: readonly string[];
  readonly cast: Readonly<Record<string, Cast>>;
  readonly onError: OnError;
  readonly maxSkippedRecords: number;
  readonly workers: number;
}

/**
 * Checks the options of `dataset.loader()` against the fields of the dataset and fills in the defaults.
 *
 * @throws TypeError, RangeError naming the option and the value.
 */
export function resolveLoaderOptions(
  options: Partial<Omit<ResolvedOptions, "shard">> & { shard?: unknown; dropLast?: unknown; shuffle?: unknown },
  schema: SchemaSpec,
  names: readonly string[] = Object.keys(schema),
): ResolvedOptions {
  assertKnownKeys("options", options, OPTION_NAMES);
  const {
    batchSize,
    dropLast = false,
    tail = dropLast === true ? "drop" : "short",
    sampler,
    filter,
    select = names,
    cast = {},
    onError = "raise",
    maxSkippedRecords = DEFAULT_MAX_SKIPPED,
    workers = defaultThreads(),
  } = options;
  assertInteger("options.batchSize", batchSize, 1, 2 ** 31 - 1);
  const shard = resolveShard(options.shard ?? { rank: 0, world: 1 });
  assertBoolean("options.dropLast", dropLast);
  assertOneOf("options.tail", tail, ["drop", "pad", "short"]);
  if (dropLast && tail !== "drop")
    throw new TypeError(`options.dropLast is true and options.tail is "${tail}": give one of them`);
  assertInteger("options.workers", workers, 0, MAX_WORKERS);
  const shuffle = resolveShuffle(options.shuffle ?? false);
  if (filter !== undefined && sampler !== undefined) {
    throw new TypeError(
      "options.sampler and options.filter exclude each other: the sampler says which records there are",
    );
  }
  if (filter !== undefined && typeof filter !== "function" && typeof filter?.[Symbol.iterator] !== "function") {
    throw new TypeError(`options.filter must be record numbers or a function, got ${show(filter)}`);
  }
  if (shuffle !== undefined && sampler !== undefined) {
    throw new TypeError("options.sampler and options.shuffle exclude each other: the sampler is the order");
  }
  const selected = resolveSelect(select, names);
  assertCasts(cast, schema, selected);
  assertOnError(onError, maxSkippedRecords);
  return {
    batchSize,
    shuffle,
    shard,
    tail,
    sampler,
    filter,
    select: selected,
    cast,
    onError,
    maxSkippedRecords,
    workers,
  };
}

function resolveShard(shard: unknown): Shard {
  if (shard === "environment") return shardFromEnvironment(environment()) ?? { rank: 0, world: 1 };
  assertShard("options.shard", shard as Shard); // checks that it is one
  return shard as Shard;
}

function resolveShuffle(shuffle: unknown): ShuffleOptions | undefined {
  if (shuffle === false) return undefined;
  if (shuffle === true) return { seed: 0, mode: "auto" };
  assertKnownKeys("options.shuffle", shuffle, ["seed", "mode", "window"]);
  const { seed, mode = "auto", window } = shuffle as ShuffleOptions; // an object with these keys, by the line above
  assertInteger("options.shuffle.seed", seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  assertOneOf("options.shuffle.mode", mode, ["auto", "full", "window"]);
  if (window !== undefined) assertInteger("options.shuffle.window", window, 1, Number.MAX_SAFE_INTEGER);
  return { seed, mode, window };
}

/** The names to load, each known and named once. */
export function resolveSelect(select: readonly string[], names: readonly string[]): readonly string[] {
  if (!Array.isArray(select) || select.length === 0)
    throw new TypeError(`options.select must be a list of field names, got ${show(select)}`);
  for (const [i, name] of select.entries()) {
    if (!names.includes(name))
      throw new TypeError(`options.select must name fields of the dataset (${names.join(", ")}), got ${show(name)}`);
    if (select.indexOf(name) !== i)
      throw new TypeError(`options.select must name each field once, got ${show(name)} again`);
  }
  return select;
}

/**
 * A batch may need as many blocks as it has records, all in memory at once, beside the batches on their way. Room is asked for blocks of mean size, and for the chance that this batch's are larger.
 *
 * @throws HexzError `E_LIMIT` where that does not fit; says the least that works.
 */
export function assertRoomForBatch(batchSize: number, header: SnapshotHeader, capacity: Capacity): void {
  const count = Math.min(batchSize, header.blocks);
  const likely = 1.25 * count * capacity.meanBlockBytes + Math.sqrt(count) * header.maxRawLength;
  const needed = Math.ceil(Math.min(likely, 1.25 * count * (header.maxRawLength + ARENA_PAGE_BYTES)));
  if (needed <= capacity.bytes) return;
  const least = Math.ceil(capacity.memoryBytes + 1.25 * (needed - capacity.bytes));
  const message = `a batch of ${batchSize} records may need ${formatBytes(needed)} of decoded blocks, cache.memory leaves ${formatBytes(capacity.bytes)}`;
  throw new HexzError("E_LIMIT", `${message}; raise cache.memory to ${least} bytes or lower batchSize`, {
    context: { needed, least },
  });
}
