import fc from "fast-check";
import { createRowLayout, type RowLayout, rowsBytes } from "../../../src/core/format/row-layout.js";
import type { FieldSpec, SchemaSpec } from "../../../src/core/format/schema.js";
import { SCALAR_TYPES } from "../../../src/core/format/schema.js";

const scalar = fc.constantFrom(...SCALAR_TYPES);
const anyField: fc.Arbitrary<FieldSpec> = fc.oneof(
  fc.record({
    type: scalar,
    shape: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 3 }),
    nullable: fc.boolean(),
  }),
  fc.record({ type: fc.constantFrom("utf8", "binary", "json"), nullable: fc.boolean() }) as fc.Arbitrary<FieldSpec>,
  fc.record({ type: fc.constant("list"), item: scalar, nullable: fc.boolean() }) as fc.Arbitrary<FieldSpec>,
);
const anySchema: fc.Arbitrary<SchemaSpec> = fc
  .array(anyField, { minLength: 1, maxLength: 6 })
  .map((fields) => Object.fromEntries(fields.map((field, i) => [`f${i}`, field])));

/** A block's raw bytes by the letter of FORMAT.md 6.2, filled from a repeating byte pattern. */
function rawBlock(layout: RowLayout, count: number, lengths: readonly number[], fill: () => number): Uint8Array {
  const heaps: Uint8Array[] = [];
  const rows = new Uint8Array(rowsBytes(layout, count));
  const view = new DataView(rows.buffer);
  let heapStart = rows.length;
  for (const column of layout.columns) {
    const heap: number[] = [];
    for (let row = 0; row < count; row++) {
      const at = row * layout.strideBytes;
      const present = column.nullBit < 0 || fill() % 3 > 0;
      if (column.nullBit >= 0 && present) {
        const mask = at + layout.maskOffset + (column.nullBit >> 3);
        rows[mask] = (rows[mask] ?? 0) | (1 << (column.nullBit & 7));
      }
      if (column.kind === "fixed") {
        for (let i = 0; i < column.valueBytes && present; i++) rows[at + column.offset + i] = fill();
      } else {
        const bytes = present ? (lengths[row % lengths.length] ?? 0) * column.itemBytes : 0;
        view.setUint32(at + column.offset, heapStart + heap.length, true);
        view.setUint32(at + column.offset + 4, bytes, true);
        for (let i = 0; i < bytes; i++) heap.push(fill());
      }
    }
    if (column.kind === "variable") {
      const padded = new Uint8Array(Math.ceil(heap.length / 16) * 16);
      padded.set(heap);
      heaps.push(padded);
      heapStart += padded.length;
    }
  }
  return Uint8Array.from([rows, ...heaps].flatMap((part) => [...part]));
}

/** Raw blocks of any schema, and a filter for each of their streams. */
export const rawBlocks = fc
  .record({
    schema: anySchema,
    count: fc.integer({ min: 0, max: 20 }),
    lengths: fc.array(fc.nat(9), { minLength: 1, maxLength: 7 }),
    seed: fc.nat(250),
    shuffled: fc.boolean(),
  })
  .map(({ schema, count, lengths, seed, shuffled }) => {
    const layout = createRowLayout(schema);
    let state = seed;
    const fill = () => {
      state = (state * 31 + 17) % 251;
      return state;
    };
    const filters = layout.streamItemBytes.map(() => (shuffled ? 1 : 0));
    return { layout, count, raw: rawBlock(layout, count, lengths, fill), filters };
  });
