import type { SchemaSpec } from "../core/format/schema.js";
import type { Snapshot } from "../core/snapshot.js";
import type { ReadOptions } from "../core/storage/port.js";
import { HexzError } from "../errors.js";
import type { UnitIndex } from "../util/unit-index.js";
import { createUnitIndex } from "../util/unit-index.js";
import { BlockCache } from "./block-cache.js";
import type { RecordReader } from "./decode.js";
import { createRecordReader, fieldOf } from "./decode.js";
import { schemaSpec } from "./fields.js";
import { setOwn } from "./own-property.js";
import { assertSameSchema } from "./same-schema.js";
import type { RecordOf, Records, Schema } from "./types.js";

/** Blocks that `getMany` reads at once: as many as hide one another's latency, few beside any cache. */
const BLOCKS_AT_ONCE = 4;

export interface RecordsOptions<S extends Schema = Schema> {
  /** Bytes of decoded blocks kept in memory; 0 keeps none. */
  readonly cacheBytes: number;
  /** The schema the caller expects: types the records, and must equal the stored one. */
  readonly schema?: S | undefined;
}

/**
 * The records of an open snapshot, which stays the caller's to close. `close()` of the records or of any selection frees the blocks of all.
 *
 * @throws HexzError `E_KIND` for a snapshot of bytes, `E_SCHEMA` where `schema` is not the stored one.
 * @example
 * await using snapshot = await openSnapshot("train.hxz");
 * await using records = openRecords(snapshot, { cacheBytes: 64 * 2 ** 20 });
 * const record = await records.get(41);
 */
export function openRecords<S extends Schema = Schema>(snapshot: Snapshot, options: RecordsOptions<S>): Records<S> {
  const { schema, rows: layout, counts, name } = snapshot;
  if (schema === undefined || layout === undefined) {
    throw new HexzError("E_KIND", `${name} holds bytes, not records: use openSnapshot(…).read`, {
      context: { source: name, kind: snapshot.kind },
    });
  }
  if (options.schema !== undefined) assertSameSchema(schemaSpec(options.schema), schema, name);
  const index = createUnitIndex(counts);
  const store = new BlockCache(snapshot, options.cacheBytes);
  const createReader = (names: readonly string[]) => createRecordReader(schema, layout, names);
  return new OpenRecords<S>({ store, index, stored: schema, createReader }, Object.keys(schema));
}

/** What the records of a snapshot and all their selections share. */
interface Shared {
  readonly store: BlockCache;
  readonly index: UnitIndex;
  /** All fields, as stored. */
  readonly stored: SchemaSpec;
  createReader(names: readonly string[]): RecordReader;
}

class OpenRecords<S extends Schema> implements Records<S> {
  readonly length: number;
  readonly schema: SchemaSpec;
  readonly #shared: Shared;
  readonly #reader: RecordReader;

  constructor(shared: Shared, names: readonly string[]) {
    this.length = shared.index.total;
    this.schema = pick(shared.stored, names);
    this.#shared = shared;
    this.#reader = shared.createReader(names);
  }

  async get(record: number, options?: ReadOptions): Promise<RecordOf<S>> {
    options?.signal?.throwIfAborted();
    this.#assertIndex("index", record);
    const { store, index } = this.#shared;
    const { unit: block, row } = index.locate(record);
    const raw = store.readSync(block) ?? (await store.read(block, options?.signal));
    return this.#read(raw, row, record);
  }

  async getMany(indices: Iterable<number>, options?: ReadOptions): Promise<RecordOf<S>[]> {
    options?.signal?.throwIfAborted();
    this.#shared.store.assertOpen();
    const records = Array.from(indices);
    for (const [i, record] of records.entries()) this.#assertIndex(`indices[${i}]`, record);
    const found = new Array<RecordOf<S>>(records.length);
    await forEachAtOnce(this.#positionsByBlock(records), BLOCKS_AT_ONCE, async ([block, positions]) => {
      const raw = await this.#shared.store.read(block, options?.signal);
      const start = this.#shared.index.startOf(block);
      for (const position of positions) {
        const record = records[position] ?? 0;
        found[position] = this.#read(raw, record - start, record);
      }
    });
    return found;
  }

  /** Block → places in `records` that want a record of it, in the order of the blocks. */
  #positionsByBlock(records: readonly number[]): [number, number[]][] {
    const groups = new Map<number, number[]>();
    for (const [position, record] of records.entries()) {
      const block = this.#shared.index.unitOf(record);
      const positions = groups.get(block);
      if (positions === undefined) groups.set(block, [position]);
      else positions.push(position);
    }
    return [...groups].sort(([a], [b]) => a - b);
  }

  /** All records in stored order; reads one block ahead. */
  async *[Symbol.asyncIterator](): AsyncGenerator<RecordOf<S>, void, undefined> {
    const { store, index } = this.#shared;
    const controller = new AbortController();
    const read = (block: number) => {
      const raw = store.read(block, controller.signal);
      // It is awaited when its turn comes; until then its failure is not unhandled.
      raw.catch(() => {});
      return raw;
    };
    store.assertOpen();
    try {
      let next = index.units > 0 ? read(0) : undefined;
      for (let block = 0, record = 0; next !== undefined; block++) {
        const raw = await next;
        next = block + 1 < index.units ? read(block + 1) : undefined;
        for (let row = 0; row < index.countOf(block); row++, record++) {
          store.assertOpen();
          yield this.#read(raw, row, record);
        }
      }
    } finally {
      controller.abort();
    }
  }

  select<K extends keyof S & string>(names: readonly K[]): Records<Pick<S, K>> {
    const unique = [...new Set<string>(names)];
    if (unique.length === 0) throw new TypeError("names must have at least one field, got []");
    for (const name of unique) fieldOf(this.schema, name);
    return new OpenRecords<Pick<S, K>>(this.#shared, unique);
  }

  async close(): Promise<void> {
    this.#shared.store.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #read(raw: Uint8Array, row: number, record: number): RecordOf<S> {
    // The stored schema was compared with S, or S is the general Schema.
    return this.#reader.read(raw, row, record) as RecordOf<S>;
  }

  #assertIndex(name: string, record: number): void {
    if (Number.isInteger(record) && record >= 0 && record < this.length) return;
    const range = this.length === 0 ? "there are no records" : `must be an integer from 0 to ${this.length - 1}`;
    throw new RangeError(`${name}: ${range}, got ${String(record)}`);
  }
}

/** The named fields of a schema, in the order of the names. */
function pick(schema: SchemaSpec, names: readonly string[]): SchemaSpec {
  const picked = {};
  for (const name of names) setOwn(picked, name, fieldOf(schema, name));
  return Object.freeze(picked);
}

/** Runs `work` on all items, `atOnce` at a time. After a failure no further item is begun; rejects with it once all under way have ended. */
async function forEachAtOnce<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  let failed = false;
  const lane = async () => {
    for (const item of queue) {
      if (failed) return;
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, lane));
  for (const ended of lanes) if (ended.status === "rejected") throw ended.reason;
}
