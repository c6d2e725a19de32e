import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRowLayout } from "../../src/core/format/row-layout.js";
import type { FieldSpec, ScalarType, SchemaSpec } from "../../src/core/format/schema.js";
import { elementCount, isFixed, SCALAR_BYTES, SCALAR_TYPES, valueBytes } from "../../src/core/format/schema.js";
import type { BatchField, BatchLayout } from "../../src/loader/batch-layout.js";
import { createBatchLayout } from "../../src/loader/batch-layout.js";
import type { Cast } from "../../src/loader/cast.js";

const scalar = fc.constantFrom<ScalarType>(...SCALAR_TYPES);
const fixedSpec = fc.record({
  type: scalar,
  shape: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 3 }),
  nullable: fc.boolean(),
});
const variableSpec = fc.oneof(
  fc.record({ type: fc.constantFrom("utf8" as const, "binary" as const, "json" as const), nullable: fc.boolean() }),
  fc.record({ type: fc.constant("list" as const), item: scalar, nullable: fc.boolean() }),
);
const schemas = fc
  .array(fc.oneof<fc.Arbitrary<FieldSpec>[]>(fixedSpec, variableSpec), { minLength: 1, maxLength: 8 })
  .map((specs): SchemaSpec => Object.fromEntries(specs.map((spec, i) => [`f${i}`, spec])));

/** A cast that its field can have, chosen by `pick`. */
function castFor(spec: FieldSpec | undefined, pick: number): Cast | undefined {
  if (spec === undefined || !isFixed(spec) || pick % 4 === 0) return undefined;
  const dtype = pick % 2 === 0 ? "float32" : "float16";
  const channels = spec.shape.at(-1) ?? 1;
  if (pick % 4 === 1) return { dtype };
  if (pick % 4 === 2) return { dtype, scale: Array.from({ length: channels }, (_, i) => i + 1), offset: 3 };
  const isLabel = spec.shape.length === 0 && !spec.type.startsWith("float");
  return isLabel ? { oneHot: (pick % 11) + 1, dtype: pick % 8 === 3 ? "uint8" : "float32" } : { dtype };
}

interface Part {
  readonly name: string;
  readonly at: number;
  readonly bytes: number;
}

/** Every part of a batch before its items. */
function partsOf({ batchSize, rowsAt, basesAt, tables, fields, hasItems }: BatchLayout): Part[] {
  return [
    { name: "rows", at: rowsAt, bytes: batchSize * 4 },
    ...(hasItems ? [{ name: "bases", at: basesAt, bytes: batchSize * 4 }] : []),
    ...tables.flatMap(({ scale, scaleAt, bias, biasAt }, i) => [
      { name: `scale ${i}`, at: scaleAt, bytes: scale.byteLength },
      { name: `bias ${i}`, at: biasAt, bytes: bias.byteLength },
    ]),
    ...fields.flatMap((field) => fieldParts(field, batchSize)),
  ];
}

function fieldParts({ name, kind, at, valueBytes: bytes, validityAt }: BatchField, batchSize: number): Part[] {
  const values = { name, at, bytes: kind === "fixed" ? batchSize * bytes : (batchSize + 1) * 4 };
  if (validityAt === undefined) return [values];
  return [values, { name: `validity of ${name}`, at: validityAt, bytes: Math.ceil(batchSize / 8) }];
}

describe("createBatchLayout", () => {
  it("gives every part a place of its own, aligned, before the items", () => {
    const property = fc.property(
      schemas,
      fc.integer({ min: 1, max: 300 }),
      fc.array(fc.nat(), { minLength: 8, maxLength: 8 }),
      (schema, batchSize, picks) => {
        const names = Object.keys(schema);
        const casts: Record<string, Cast> = {};
        for (const [i, name] of names.entries()) {
          const cast = castFor(schema[name], picks[i] ?? 0);
          if (cast !== undefined) casts[name] = cast;
        }
        const layout = createBatchLayout(schema, createRowLayout(schema), names, batchSize, casts);
        const parts = partsOf(layout).sort((a, b) => a.at - b.at);
        for (const [i, { name, at, bytes }] of parts.entries()) {
          const end = parts[i + 1]?.at ?? layout.itemsAt;
          expect(at % 64, name).toBe(0);
          expect(at + bytes, name).toBeLessThanOrEqual(end);
        }
        expect(layout.itemsAt % 64).toBe(0);
        expect(layout.fields.map(({ name }) => name)).toEqual(names);
      },
    );
    fc.assert(property, { seed: 61, numRuns: 300 });
  });

  it("takes each field from where the row has it, and describes the column after its cast", () => {
    const property = fc.property(schemas, fc.nat(), (schema, pick) => {
      const rows = createRowLayout(schema);
      const names = Object.keys(schema).toReversed();
      const casts = Object.fromEntries(
        names.flatMap((name) => {
          const cast = castFor(schema[name], pick);
          return cast === undefined ? [] : [[name, cast]];
        }),
      );
      const layout = createBatchLayout(schema, rows, names, 10, casts);
      const byPlace = new Map(layout.gathers.map((gather) => [gather.to, gather]));
      for (const { name, at, spec, valueBytes: bytes, kind, validityAt } of layout.fields) {
        const stored = schema[name] as FieldSpec;
        const column = rows.columns.find((candidate) => candidate.name === name);
        const gather = byPlace.get(at);
        expect(gather?.offset).toBe(column?.offset);
        expect(kind).toBe(isFixed(stored) ? "fixed" : "items");
        expect(spec.nullable).toBe(stored.nullable);
        if (isFixed(spec)) expect(bytes).toBe(valueBytes(spec));
        const cast = casts[name];
        if (cast === undefined) expect(spec).toEqual(stored);
        else if ("oneHot" in cast) expect(spec).toMatchObject({ type: cast.dtype, shape: [cast.oneHot] });
        else expect(spec).toMatchObject({ type: cast.dtype, shape: isFixed(stored) ? stored.shape : [] });
        expect(validityAt !== undefined).toBe(stored.nullable);
        if (validityAt === undefined || column === undefined) continue;
        const wanted = { kind: "validity", offset: rows.maskOffset + (column.nullBit >> 3), bit: column.nullBit & 7 };
        expect(byPlace.get(validityAt)).toMatchObject(wanted);
      }
    });
    fc.assert(property, { seed: 62, numRuns: 300 });
  });

  it("says to a kernel what it needs: bytes as they are, elements with their tables, labels with their classes", () => {
    const schema: SchemaSpec = {
      image: { type: "uint8", shape: [4, 6, 3], nullable: false },
      flag: { type: "bool", shape: [], nullable: false },
      label: { type: "int64", shape: [], nullable: true },
      words: { type: "list", item: "int16", nullable: false },
    };
    const rows = createRowLayout(schema);
    const { gathers, tables, hasItems } = createBatchLayout(schema, rows, Object.keys(schema), 7, {
      image: { dtype: "float16", scale: [1, 2, 3], offset: 0.5 },
      label: { oneHot: 5 },
    });
    const [table] = tables;
    const stored = (name: string) => rows.columns.find((column) => column.name === name)?.offset;
    expect(hasItems).toBe(true);
    expect(gathers).toMatchObject([
      { kind: "cast", offset: stored("image"), elements: 72, type: "uint8", result: "float16", period: 48 },
      { kind: "bytes", offset: stored("flag"), valueBytes: 1 },
      { kind: "oneHot", offset: stored("label"), type: "int64", classes: 5, result: "float32" },
      { kind: "validity", offset: rows.maskOffset, bit: 0 },
      { kind: "items", offset: stored("words"), itemBytes: 2 },
    ]);
    expect(gathers[0]).toMatchObject({ scale: table?.scaleAt, bias: table?.biasAt });
    expect([...(table?.scale ?? [])]).toEqual(Array.from({ length: 48 }, (_, i) => (i % 3) + 1));
    expect(new Set(table?.bias)).toEqual(new Set([0.5]));
  });

  it("leaves out fields that are not loaded, and the addresses of blocks where no field has items", () => {
    const schema: SchemaSpec = {
      id: { type: "int32", shape: [], nullable: false },
      text: { type: "utf8", nullable: false },
    };
    const rows = createRowLayout(schema);
    const narrow = createBatchLayout(schema, rows, ["id"], 100);
    expect(narrow).toMatchObject({ hasItems: false, basesAt: 0 });
    expect(narrow.gathers).toHaveLength(1);
    expect(narrow.itemsAt).toBeLessThan(createBatchLayout(schema, rows, ["text"], 100).itemsAt);
    expect(() => createBatchLayout(schema, rows, ["nope"], 1)).toThrow(/no field "nope"/);
    expect(() => createBatchLayout(schema, rows, ["toString"], 1)).toThrow(RangeError);
  });

  it("has the same places for every batch: they grow with the batch size alone", () => {
    for (const type of SCALAR_TYPES) {
      const schema: SchemaSpec = { values: { type, shape: [3, 7], nullable: false } };
      const { fields } = createBatchLayout(schema, createRowLayout(schema), ["values"], 16);
      const count = elementCount({ type, shape: [3, 7], nullable: false });
      expect(fields[0]?.valueBytes).toBe(count * SCALAR_BYTES[type]);
      expect(fields[0]?.at).toBe(64);
    }
  });
});
