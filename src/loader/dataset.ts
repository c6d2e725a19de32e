import { openSnapshot } from "../core/snapshot.js";
import type { StorageOptions } from "../core/storage/index.js";
import type { RangeSource, ReadOptions } from "../core/storage/port.js";
import { openRecords } from "../dataset/records.js";
import type { Records, Schema } from "../dataset/types.js";
import { totalMemoryBytes } from "../platform/index.js";
import { parseByteSize } from "../util/byte-size.js";
import { assertInteger, assertKnownKeys } from "../util/options.js";
import { LoaderHost } from "./host.js";
import { Loader } from "./loader.js";
import { resolveLoaderOptions } from "./options.js";
import type { Dataset } from "./types.js";

const DEFAULT_MEMORY_LIMIT_BYTES = 2 ** 30;
/** Share of the budget kept for `get` and `getMany`, so that they never compete with an epoch. */
const AD_HOC_SHARE = 1 / 16;

export interface DatasetOptions<S extends Schema = Schema> extends ReadOptions {
  /** The schema the caller expects: types the records, and must equal the stored one. */
  readonly schema?: S | undefined;
  readonly cache?:
    | {
        /** Bytes (or "512 MB") for everything decoded of this dataset. @default a quarter of the machine's memory, 1 GiB at most */
        readonly memory?: number | string | undefined;
      }
    | undefined;
  /** How remote storage is read: headers, credentials, time limits. */
  readonly storage?: StorageOptions | undefined;
}

/**
 * Opens a snapshot of records for reading and training.
 *
 * @param where A path, a `file:`, `http:`, `https:` or `s3:` URL, or a {@link RangeSource}, which is then closed with the dataset.
 * @throws HexzError `E_KIND` for a snapshot of bytes, `E_SCHEMA` where `schema` is not the stored one, and all of `openSnapshot`.
 * @example
 * await using dataset = await openDataset("train.hxz", { cache: { memory: "512 MB" } });
 * const record = await dataset.get(41);
 */
export async function openDataset<S extends Schema = Schema>(
  where: string | URL | RangeSource,
  options: DatasetOptions<S> = {},
): Promise<Dataset<S>> {
  assertKnownKeys("options", options, ["schema", "cache", "signal", "storage"]);
  if (options.cache !== undefined) assertKnownKeys("options.cache", options.cache, ["memory"]);
  const fallback = Math.min(DEFAULT_MEMORY_LIMIT_BYTES, Math.floor(totalMemoryBytes() / 4));
  const memoryBytes = parseByteSize(options.cache?.memory ?? fallback, "options.cache.memory");
  assertInteger("options.cache.memory", memoryBytes, 1, Number.MAX_SAFE_INTEGER);
  const snapshot = await openSnapshot(where, { signal: options.signal, storage: options.storage });
  try {
    const records = openRecords<S>(snapshot, { cacheBytes: memoryBytes * AD_HOC_SHARE, schema: options.schema });
    const host = new LoaderHost(snapshot, memoryBytes);
    return withLoader(records, host, Object.keys(records.schema));
  } catch (error) {
    await snapshot.close();
    throw error;
  }
}

/** Records with a loader; `names` are the fields they have. Closing any selection closes the whole dataset. */
function withLoader<S extends Schema>(records: Records<S>, host: LoaderHost, names: readonly string[]): Dataset<S> {
  const close = async () => {
    await host.close();
    await records.close();
    await host.snapshot.close();
  };
  return {
    id: host.snapshot.id,
    length: records.length,
    stats: () => host.stats,
    schema: records.schema,
    get: (index, options) => records.get(index, options),
    getMany: (indices, options) => records.getMany(indices, options),
    select: (chosen) => withLoader(records.select(chosen), host, chosen),
    // resolveLoaderOptions checks that `select` and `cast` name fields of S.
    loader: (options) =>
      new Loader(host, resolveLoaderOptions(options as Parameters<typeof resolveLoaderOptions>[0], host.schema, names)),
    close,
    [Symbol.asyncIterator]: () => records[Symbol.asyncIterator](),
    [Symbol.asyncDispose]: close,
  };
}
