import { deepStrictEqual } from "node:assert";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRowLayout } from "../../src/core/format/row-layout.js";
import type { FieldSpec, SchemaSpec } from "../../src/core/format/schema.js";
import { isFixed, valueBytes } from "../../src/core/format/schema.js";
import type { Collated } from "../../src/dataset/columns.js";
import { createCollator } from "../../src/dataset/columns.js";
import { createRecordReader } from "../../src/dataset/decode.js";
import { valueArray } from "../../src/dataset/elements.js";
import { createRowWriter } from "../../src/dataset/encode.js";
import type { NumericArray, VariableColumn } from "../../src/dataset/types.js";
import { dataset } from "./arbitraries.js";

const SEED = 20_261_124;

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

/** The same bytes at an offset of a larger, perhaps shared buffer. */
function moved(bytes: Uint8Array, buffer: ArrayBufferLike, offset: number): Uint8Array {
  const copy = new Uint8Array(buffer, offset, bytes.length);
  copy.set(bytes);
  return copy;
}

/** Row `i` of a batch as the value a record would hold. */
function valueAt(field: FieldSpec, name: string, { columns, validity }: Collated, i: number): unknown {
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

  it("gives the same values in batches of rows in any order, from plain, shared and badly aligned blocks", () => {
    const draws = fc.array(fc.nat(), { maxLength: 40 });
    const place = fc.constantFrom("as they are", "shared", "misaligned");
    fc.assert(
      fc.property(dataset, fc.integer({ min: 1, max: 12 }), draws, place, (data, perBlock, drawn, where) => {
        const { schema, records } = data;
        const blocks = blocksOf(schema, records, perBlock).map((raw) => {
          if (where === "as they are") return raw;
          return where === "shared"
            ? moved(raw, new SharedArrayBuffer(raw.length + 48), 16)
            : moved(raw, new ArrayBuffer(raw.length + 3), 3);
        });
        const picked = drawn.map((draw) => draw % records.length);
        const collated = createCollator(schema, createRowLayout(schema), Object.keys(schema)).collate({
          size: picked.length,
          blocks,
          blockOf: Uint32Array.from(picked, (i) => Math.floor(i / perBlock)),
          rows: Uint32Array.from(picked, (i) => i % perBlock),
        });
        const read = picked.map((_, i) =>
          Object.fromEntries(Object.entries(schema).map(([name, field]) => [name, valueAt(field, name, collated, i)])),
        );
        assertSame(
          read,
          picked.map((i) => records[i] ?? {}),
        );
        expect(Object.keys(collated.columns)).toEqual(Object.keys(schema));
      }),
      { seed: SEED, numRuns: 300 },
    );
  });
});
