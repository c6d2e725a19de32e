import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { restoreRows, splitColumns } from "../../../src/core/format/columns.js";
import { createRowLayout, type RowLayout, rowsBytes } from "../../../src/core/format/row-layout.js";
import type { FieldSpec, SchemaSpec } from "../../../src/core/format/schema.js";
import { SCALAR_TYPES } from "../../../src/core/format/schema.js";
import { isHexzError } from "../../../src/errors.js";

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

const block = fc
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

describe("columns", () => {
  it("restore to exactly the rows they were split from", () => {
    fc.assert(
      fc.property(block, ({ layout, count, raw, filters }) => {
        const encoded = splitColumns(raw, count, layout, filters);
        const target = new Uint8Array(raw.length).fill(0xaa);
        restoreRows(encoded, count, layout, target);
        expect(target).toEqual(raw);
      }),
      { seed: 5, numRuns: 400 },
    );
  });

  it("are refused where their lengths do not add up, and never write outside the target", () => {
    fc.assert(
      fc.property(block, fc.nat(), fc.nat(255), ({ layout, count, raw, filters }, at, value) => {
        const encoded = splitColumns(raw, count, layout, filters);
        const damaged = encoded.slice();
        if (damaged.length > 0) damaged[at % damaged.length] = value;
        for (const bytes of [
          damaged,
          encoded.subarray(0, at % (encoded.length + 1)),
          Uint8Array.from([...encoded, 0]),
        ]) {
          const memory = new Uint8Array(raw.length + 32).fill(0xaa);
          const target = memory.subarray(16, 16 + raw.length);
          try {
            restoreRows(bytes, count, layout, target);
          } catch (error) {
            expect(isHexzError(error, "E_BLOCK_CORRUPT")).toBe(true);
          }
          expect([...memory.subarray(0, 16), ...memory.subarray(16 + raw.length)]).toEqual(Array(32).fill(0xaa));
        }
      }),
      { seed: 6, numRuns: 400 },
    );
  });
});

describe("createRowLayout", () => {
  it("aligns fields, puts the mask last and rounds the stride as FORMAT.md 6.2 says", () => {
    const layout = createRowLayout({
      label: { type: "uint8", shape: [], nullable: true },
      weight: { type: "float64", shape: [], nullable: false },
      text: { type: "utf8", nullable: true },
      image: { type: "uint8", shape: [4, 5], nullable: false },
    });
    expect(layout.columns.map(({ name, offset, nullBit }) => [name, offset, nullBit])).toEqual([
      ["label", 0, 0],
      ["weight", 8, -1],
      ["text", 16, 1],
      ["image", 24, -1],
    ]);
    expect(layout).toMatchObject({ maskOffset: 44, maskBytes: 1, strideBytes: 48, hasHeaps: true, isPlain: false });
    expect(layout.streamItemBytes).toEqual([1, 8, 4, 1, 1]);
    expect(structuredClone(layout)).toEqual(layout);
  });

  it("keeps a single unpadded fixed field as it is", () => {
    expect(createRowLayout({ id: { type: "int32", shape: [], nullable: false } })).toMatchObject({
      strideBytes: 4,
      isPlain: true,
    });
    expect(createRowLayout({ image: { type: "uint8", shape: [28, 28, 1], nullable: false } })).toMatchObject({
      strideBytes: 784,
      isPlain: true,
    });
    expect(createRowLayout({ rgb: { type: "uint8", shape: [35], nullable: false } })).toMatchObject({
      strideBytes: 40,
      isPlain: false,
    });
  });
});
