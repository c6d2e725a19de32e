import { deepStrictEqual } from "node:assert";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRowLayout } from "../../src/core/format/row-layout.js";
import type { FieldSpec, SchemaSpec } from "../../src/core/format/schema.js";
import { isFixed, valueBytes } from "../../src/core/format/schema.js";
import { createRecordReader } from "../../src/dataset/decode.js";
import { valueArray } from "../../src/dataset/elements.js";
import { createRowWriter } from "../../src/dataset/encode.js";
import { schemaFromSpec } from "../../src/dataset/fields.js";
import type { NumericArray, VariableColumn } from "../../src/dataset/types.js";
import { openDataset } from "../../src/loader/dataset.js";
import { pack } from "../../src/pack/index.js";
import { tempDir } from "../support/temp-dir.js";
import { dataset } from "./arbitraries.js";

const SEED = 20_261_124;
const folder = await tempDir();

/** What a batch and the rows in it are compared by, without the types of a schema. */
interface AnyBatch {
  readonly size: number;
  readonly columns: Readonly<Record<string, NumericArray | VariableColumn>>;
  readonly validity: Readonly<Record<string, Uint8Array>>;
}

/** Writes the records into blocks of `perBlock`. */
function blocksOf(schema: SchemaSpec, records: readonly unknown[], perBlock: number): Uint8Array[] {
  const writer = createRowWriter(schema, createRowLayout(schema));
  const blocks: Uint8Array[] = [];
  for (const record of records) {
    writer.add(record);
    if (writer.count === perBlock) blocks.push(writer.take().raw);
  }
  if (writer.count > 0) blocks.push(writer.take().raw);
  return blocks;
}

/** Row `i` of a batch as the value a record would hold. */
function valueAt(field: FieldSpec, name: string, { columns, validity }: AnyBatch, i: number): unknown {
  const column = columns[name];
  if (!isFixed(field)) return (column as VariableColumn).at(i);
  const bitmap = Object.hasOwn(validity, name) ? validity[name] : undefined;
  if (bitmap !== undefined && (((bitmap[i >> 3] ?? 0) >> (i & 7)) & 1) === 0) return null;
  const { buffer, byteOffset } = column as NumericArray;
  const bytes = new Uint8Array(buffer, byteOffset + i * valueBytes(field), valueBytes(field)).slice();
  const values = valueArray(field.type, bytes);
  if (field.shape.length > 0) return values;
  return field.type === "bool" ? values[0] === 1 : values[0];
}

/**
 * Compares by `Object.is`, with node:assert: vitest trips over own properties called `constructor` and `__proto__`, and node:assert over NaN in typed
 * arrays, so these are spelled out.
 */
function assertSame(actual: readonly object[], expected: readonly object[]): void {
  deepStrictEqual(actual.map(spelledOut), expected.map(spelledOut));
}

function spelledOut(record: object): unknown[] {
  return Object.entries(record).map(([name, value]) => [
    name,
    ArrayBuffer.isView(value) ? [value.constructor.name, ...(value as Uint8Array)] : value,
  ]);
}

describe("records to rows and back", () => {
  it("gives the same records, of every type, null or not", () => {
    fc.assert(
      fc.property(dataset, fc.integer({ min: 1, max: 12 }), ({ schema, records }, perBlock) => {
        const reader = createRecordReader(schema, createRowLayout(schema));
        const blocks = blocksOf(schema, records, perBlock);
        const read = records.map((_, i) =>
          reader.read(blocks[Math.floor(i / perBlock)] ?? new Uint8Array(0), i % perBlock, i),
        );
        assertSame(read, records);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  it("gives the same values in batches of any records in any order", async () => {
    const draws = fc.array(fc.nat(), { minLength: 1, maxLength: 40 });
    const size = fc.integer({ min: 1, max: 12 });
    const codec = fc.constantFrom("stored" as const, "lz4" as const, "zstd" as const);
    const path = join(folder, "batches.hxz");
    await fc.assert(
      fc.asyncProperty(dataset, size, size, draws, codec, async (data, blockRecords, batchSize, drawn, name) => {
        const { schema, records } = data;
        const recipe = { cut: "fixed", blockRecords, codec: name, workers: 0, overwrite: true } as const;
        await pack(records, path, { ...recipe, schema: schemaFromSpec(schema) });
        await using opened = await openDataset(path, { cache: { memory: 2 ** 24 } });
        const picked = drawn.map((draw) => draw % records.length);
        const read: object[] = [];
        for await (const batch of opened.loader({ batchSize, sampler: picked, workers: 0 }).epoch(0)) {
          // The schema is known at run time only.
          const any = batch as unknown as AnyBatch;
          expect(Object.keys(any.columns)).toEqual(Object.keys(schema));
          read.push(...rowsOf(schema, any));
        }
        assertSame(
          read,
          picked.map((i) => records[i] ?? {}),
        );
      }),
      { seed: SEED, numRuns: 100 },
    );
  });
});

/** The rows of a batch as records. */
function rowsOf(schema: SchemaSpec, batch: AnyBatch): object[] {
  return Array.from({ length: batch.size }, (_, i) =>
    Object.fromEntries(Object.entries(schema).map(([name, field]) => [name, valueAt(field, name, batch, i)])),
  );
}
