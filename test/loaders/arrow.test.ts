import {
  type RecordBatch,
  RecordBatchReader,
  RecordBatchStreamWriter,
  type Table,
  tableFromIPC,
  Vector,
} from "apache-arrow";
import { describe, expect, it } from "vitest";
import {
  arrowSchema,
  recordBatches,
  recordBatchReader,
  toIpcFile,
  toIpcStream,
  toRecordBatch,
} from "../../loaders/arrow/index.js";
import { fields } from "../../src/dataset/fields.js";
import type { NumericArray, VariableColumn } from "../../src/dataset/types.js";
import { everySchema, everyType, RECORDS } from "./all-types.js";
import { fakeLoader, makeBatch, recordAt, specsOf } from "./fake-loader.js";

const BATCH = 4; // 3 steps: 4, 4, 3

/** A value as plain JavaScript: vectors as arrays, nulls kept. */
function plain(value: unknown): unknown {
  if (value instanceof Vector) return Array.from(value, plain);
  return value instanceof Uint8Array ? Array.from(value) : value;
}

/** What every record of `everyType` must read as, written down independently of how it is made. */
function expectedRecord(i: number): Record<string, unknown> {
  const range = (length: number, make: (k: number) => unknown) => Array.from({ length }, (_, k) => make(k));
  return {
    bool: i % 2 === 1,
    uint8: 255 - i,
    int8: i - 128,
    uint16: 65535 - i,
    int16: i - 32768,
    uint32: 4294967295 - i,
    int32: i - 2147483648,
    uint64: 18446744073709551615n - BigInt(i),
    int64: BigInt(i) - 9223372036854775808n,
    float16: 1 + i / 16,
    float32: i / 8,
    float64: i / 10,
    image: range(6, (k) => ((i * 6 + k) * 31) % 256),
    tensor: range(6, (k) => i * 6 - Number(k)),
    mask: range(5, (k) => (i * 5 + k) % 3 === 0),
    vector: [0, 9].includes(i) ? null : range(4, (k) => i + k / 4),
    maybe: [1, 8, 10].includes(i) ? null : 0 - i,
    maybeFlag: i === 3 ? null : i % 3 === 1,
    text: "Ψ ".repeat(i),
    maybeText: [4, 9].includes(i) ? null : `text ${i}`,
    bytes: range(i, (k) => 255 - Number(k)),
    meta: `{"i":${i},"odd":${i % 2 === 1}}`,
    list: range((i * 5) % 7, (k) => Number(k) - i),
    doubles: range((i * 5) % 7, (k) => Number(k) / 10 - i),
    flags: i === 2 ? null : range(i + 7, (k) => (Number(k) + i) % 2 === 1),
  };
}

function rowsOf(table: Table | RecordBatch): Record<string, unknown>[] {
  return Array.from({ length: table.numRows }, (_, row) =>
    Object.fromEntries(table.schema.fields.map(({ name }) => [name, plain(table.getChild(name)?.get(row))])),
  );
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return new Uint8Array(Buffer.concat(parts));
}

const expectedEpoch = (epoch: number) =>
  Array.from({ length: RECORDS }, (_, i) => expectedRecord(recordAt(i, epoch, RECORDS)));

describe("recordBatches", () => {
  it.each([0, 3])("gives every type's values, batch by batch, in epoch %i", async (epoch) => {
    const loader = fakeLoader(everyType(BATCH));
    const rows: Record<string, unknown>[] = [];
    const sizes: number[] = [];
    for await (const recordBatch of recordBatches(loader.epoch(epoch))) {
      sizes.push(recordBatch.numRows);
      rows.push(...rowsOf(recordBatch));
    }
    expect(sizes).toEqual([4, 4, 3]);
    expect(rows).toEqual(expectedEpoch(epoch));
    expect(loader.counters.closed).toBe(1);
  });

  it("is a view of the batch's columns", () => {
    const batch = makeBatch(everyType(BATCH), 0, 1);
    const recordBatch = toRecordBatch(batch, arrowSchema(batch.schema));
    for (const [name, spec] of Object.entries(batch.schema)) {
      const data = recordBatch.getChild(name)?.data[0];
      const column = (batch.columns as Record<string, NumericArray | VariableColumn>)[name];
      if (data === undefined || column === undefined) throw new Error(`no column ${name}`);
      const values = data.children[0]?.values ?? data.values;
      if (spec.type === "bool" || ("item" in spec && spec.item === "bool")) continue; // packed to bits
      if ("offsets" in column) {
        expect(data.valueOffsets).toBe(column.offsets);
        expect(values.buffer).toBe(column.data.buffer);
      } else expect(values.buffer, name).toBe(column.buffer);
      if (spec.nullable)
        expect(data.nullBitmap.buffer).toBe((batch.validity as Record<string, Uint8Array>)[name]?.buffer);
    }
  });

  it("releases the epoch on break", async () => {
    const loader = fakeLoader(everyType(BATCH));
    for await (const recordBatch of recordBatches(loader)) {
      expect(recordBatch.numRows).toBe(BATCH);
      break;
    }
    expect(loader.counters).toEqual({ opened: [0], closed: 1, returned: 1 });
  });

  it("knows the loader's field names", async () => {
    const one = { schema: { image: fields.uint8() }, columns: { image: new Uint8Array(8) }, records: 8 };
    for await (const recordBatch of recordBatches(fakeLoader({ ...one, batchSize: BATCH }))) {
      expect(recordBatch.getChild("image")?.length).toBe(BATCH);
      // @ts-expect-error not a field
      expect(recordBatch.getChild("picture")).toBeNull();
      break;
    }
  });
});

describe("arrowSchema", () => {
  it("marks shaped fields as tensors and JSON as JSON, and keeps nullability", () => {
    const schema = arrowSchema(specsOf(everySchema));
    const described = Object.fromEntries(schema.fields.map((field) => [field.name, String(field.type)]));
    expect(described).toMatchObject({
      image: "FixedSizeList[6]<Uint8>",
      list: "List<Int16>",
      meta: "Utf8",
      bytes: "Binary",
    });
    const image = schema.fields.find(({ name }) => name === "image");
    expect(Object.fromEntries(image?.metadata ?? [])).toEqual({
      "ARROW:extension:name": "arrow.fixed_shape_tensor",
      "ARROW:extension:metadata": '{"shape":[2,3,1]}',
    });
    const meta = schema.fields.find(({ name }) => name === "meta");
    expect(meta?.metadata.get("ARROW:extension:name")).toBe("arrow.json");
    const nullable = schema.fields.filter((field) => field.nullable).map(({ name }) => name);
    expect(nullable).toEqual(["vector", "maybe", "maybeFlag", "maybeText", "flags"]);
  });
});

describe("recordBatchReader", () => {
  it("has a schema before the first batch and gives all batches", async () => {
    const loader = fakeLoader(everyType(BATCH));
    const reader = recordBatchReader(loader);
    expect(reader.schema?.names).toEqual(Object.keys(everySchema));
    expect(loader.counters.opened).toEqual([]);
    const opened = await recordBatchReader(loader.epoch(0)).open();
    expect(opened.schema.names).toEqual(Object.keys(everySchema));
    let rows = 0;
    for await (const recordBatch of opened) rows += recordBatch.numRows;
    expect(rows).toBe(RECORDS);
  });

  it("feeds Arrow's own writer", async () => {
    const writer = await RecordBatchStreamWriter.writeAll(recordBatchReader(fakeLoader(everyType(BATCH)).epoch(1)));
    expect(rowsOf(tableFromIPC(await writer.toUint8Array()))).toEqual(expectedEpoch(1));
  });

  it("releases the epoch on cancel, also after open() has read ahead", async () => {
    const loader = fakeLoader(everyType(BATCH));
    const reader = await recordBatchReader(loader.epoch(0)).open();
    await reader.cancel();
    expect(await reader.next()).toEqual({ done: true, value: undefined });
    expect(loader.counters).toEqual({ opened: [0], closed: 1, returned: 1 });
  });

  it("says what is missing where an empty epoch has no schema", async () => {
    const empty = { schema: { x: fields.uint8() }, columns: { x: new Uint8Array() }, records: 0, batchSize: 2 };
    await expect(recordBatchReader(fakeLoader(empty).epoch(0)).open()).rejects.toMatchObject({ code: "E_EMPTY" });
    const known = await recordBatchReader(fakeLoader(empty).epoch(0), { schema: specsOf(empty.schema) }).open();
    expect(known.schema.names).toEqual(["x"]);
  });
});

describe.each([
  ["stream", toIpcStream],
  ["file", toIpcFile],
])("the IPC %s", (_, toIpc) => {
  it.each([1, BATCH, 8, 100])("comes back with the same values and metadata, batch size %i", async (batchSize) => {
    const loader = fakeLoader(everyType(batchSize));
    const table = tableFromIPC(await bytesOf(toIpc(loader.epoch(2))));
    expect(rowsOf(table)).toEqual(expectedEpoch(2));
    expect(table.batches.map((batch) => batch.numRows)).toEqual(loader.batches.map((batch) => batch.size));
    const image = table.schema.fields.find(({ name }) => name === "image");
    expect(image?.metadata.get("ARROW:extension:metadata")).toBe('{"shape":[2,3,1]}');
  });

  it("has a schema without batches, and a batch without rows", async () => {
    const none = { ...everyType(BATCH), records: 0 };
    const table = tableFromIPC(await bytesOf(toIpc(fakeLoader(none))));
    expect([table.numRows, table.schema.names]).toEqual([0, Object.keys(everySchema)]);
    const batch = makeBatch(none, 0, 0);
    expect(toRecordBatch(batch, arrowSchema(batch.schema)).numRows).toBe(0);
  });

  it("yields large columns without copying them and releases the epoch when left", async () => {
    const column = Uint8Array.from({ length: 4 * 65536 }, (_, i) => i % 251);
    const schema = { big: fields.uint8([65536]) };
    const loader = fakeLoader({ schema, columns: { big: column }, records: 4, batchSize: 2 });
    let seen = false;
    for await (const chunk of toIpc(loader)) {
      seen = loader.batches[0]?.columns.big.buffer === chunk.buffer;
      if (seen) break;
    }
    expect(seen).toBe(true);
    expect(loader.counters).toEqual({ opened: [0], closed: 1, returned: 1 });
  });
});

describe("a consumer of chunks", () => {
  it("can be Arrow's asynchronous reader", async () => {
    const reader = await RecordBatchReader.from(toIpcStream(fakeLoader(everyType(BATCH))));
    await reader.open();
    let rows = 0;
    for await (const batch of reader) rows += batch.numRows;
    expect(rows).toBe(RECORDS);
  });
});
