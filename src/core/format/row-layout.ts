import type { SchemaSpec } from "./schema.js";
import { isFixed, itemBytes, SCALAR_BYTES, valueBytes } from "./schema.js";

/** Where a fixed field stands in a row. */
export interface FixedColumnLayout {
  readonly kind: "fixed";
  readonly name: string;
  /** From the start of the row. */
  readonly offset: number;
  readonly valueBytes: number;
  /** Bytes of one element. */
  readonly itemBytes: number;
  /** Bit of the row's mask that says whether there is a value; −1 where the field is not nullable. */
  readonly nullBit: number;
}

/** Where a variable field's `{u32 offset, u32 length}` stands in a row. */
export interface VariableColumnLayout {
  readonly kind: "variable";
  readonly name: string;
  readonly offset: number;
  readonly itemBytes: number;
  readonly nullBit: number;
}

export type ColumnLayout = FixedColumnLayout | VariableColumnLayout;

/** The rows of a schema (FORMAT.md 6.2). Plain data: it is cloned to workers as it is. */
export interface RowLayout {
  /** In the order of the schema. */
  readonly columns: readonly ColumnLayout[];
  /** Element size of each stream of a stored block (FORMAT.md 6.3): one stream per fixed field, two (lengths, values) per variable field. */
  readonly streamItemBytes: readonly number[];
  readonly strideBytes: number;
  readonly maskOffset: number;
  readonly maskBytes: number;
  /** Whether heaps follow the rows. */
  readonly hasHeaps: boolean;
  /** Whether the rows of a block are its one column: exactly one field, fixed, not nullable, no padding. */
  readonly isPlain: boolean;
}

/** Bytes of a variable field within a row. */
export const SLOT_BYTES = 8;

/** `n` rounded up to a multiple of `a`. */
export function align(n: number, a: number): number {
  return Math.ceil(n / a) * a;
}

/** Lays out the rows of a schema; pure and final: the raw bytes of a snapshot are defined by it. */
export function createRowLayout(schema: SchemaSpec): RowLayout {
  const columns: ColumnLayout[] = [];
  let end = 0;
  let widest = 1;
  let nullable = 0;
  for (const [name, field] of Object.entries(schema)) {
    const nullBit = field.nullable ? nullable++ : -1;
    const bytes = isFixed(field) ? valueBytes(field) : SLOT_BYTES;
    const alignment = !isFixed(field) ? 4 : bytes >= 16 ? 8 : SCALAR_BYTES[field.type];
    const offset = align(end, alignment);
    columns.push(
      isFixed(field)
        ? { kind: "fixed", name, offset, valueBytes: bytes, itemBytes: SCALAR_BYTES[field.type], nullBit }
        : { kind: "variable", name, offset, itemBytes: itemBytes(field), nullBit },
    );
    end = offset + bytes;
    widest = Math.max(widest, alignment);
  }
  const maskBytes = Math.ceil(nullable / 8);
  const maskOffset = end;
  const strideBytes = align(end + maskBytes, end + maskBytes >= 32 ? 8 : widest);
  const first = columns[0];
  const isPlain =
    columns.length === 1 && first?.kind === "fixed" && first.nullBit < 0 && first.valueBytes === strideBytes;
  const hasHeaps = columns.some((column) => column.kind === "variable");
  const streamItemBytes = columns.flatMap(({ kind, itemBytes }) => (kind === "fixed" ? [itemBytes] : [4, itemBytes]));
  return { columns, streamItemBytes, strideBytes, maskOffset, maskBytes, hasHeaps, isPlain };
}

/** Bytes of `count` rows, the padding before the heaps included. */
export function rowsBytes(layout: RowLayout, count: number): number {
  const bytes = count * layout.strideBytes;
  return layout.hasHeaps ? align(bytes, 16) : bytes;
}
