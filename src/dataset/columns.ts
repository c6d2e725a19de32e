import type { RowLayout } from "../core/format/row-layout.js";
import type { SchemaSpec } from "../core/format/schema.js";
import { isFixed } from "../core/format/schema.js";
import { HexzError } from "../errors.js";
import { columnOf, fieldOf } from "./decode.js";
import { columnArray } from "./elements.js";
import { createFixedGather, createVariableGather, gatherValidity } from "./gather.js";
import { setOwn } from "./own-property.js";
import type { RowRefs } from "./row-refs.js";
import { BatchRows } from "./row-refs.js";
import type { NumericArray, VariableColumn } from "./types.js";
import { createVariableColumn } from "./variable-column.js";

export type { RowRefs } from "./row-refs.js";
export { createVariableColumn } from "./variable-column.js";

export type Column = NumericArray | VariableColumn;

/** What {@link Collator.collate} gives: fresh arrays, the receiver's. */
export interface Collated {
  /** Field name → typed array of `size × elements`, or a {@link VariableColumn}. */
  readonly columns: Readonly<Record<string, Column>>;
  /** For nullable fields: a bitmap, bit `i` (least significant first) set where row `i` has a value. */
  readonly validity: Readonly<Record<string, Uint8Array>>;
}

/** Gathers rows that lie scattered over decoded blocks into the columns of a batch. */
export interface Collator {
  /**
   * Copies the rows into fresh columns, in the order of `refs`. Borrows the blocks for the call only. Not reentrant, as it is synchronous.
   *
   * @throws HexzError `E_BLOCK_CORRUPT` where a row or a value lies outside its block; `E_LIMIT` where a variable field has 2^31 items or more.
   */
  collate(refs: RowRefs): Collated;
}

type CollateField = (rows: BatchRows) => { readonly column: Column; readonly validity: Uint8Array | undefined };

/**
 * A collator for the fields `names` of `schema`, laid out as `layout` (which is `createRowLayout(schema)`).
 *
 * @example
 * const collator = createCollator(schema, createRowLayout(schema), ["image", "label"]);
 * const { columns } = collator.collate({ size: 2, blocks: [block], blockOf: Uint32Array.of(0, 0), rows: Uint32Array.of(5, 3) });
 */
export function createCollator(schema: SchemaSpec, layout: RowLayout, names: readonly string[]): Collator {
  const fields = names.map((name) => ({ name, collate: compileField(schema, layout, name) }));
  return {
    collate(refs) {
      const rows = new BatchRows(refs, layout.strideBytes);
      const columns: Record<string, Column> = {};
      const validity: Record<string, Uint8Array> = {};
      for (const { name, collate } of fields) {
        const collated = collate(rows);
        setOwn(columns, name, collated.column);
        if (collated.validity !== undefined) setOwn(validity, name, collated.validity);
      }
      return { columns, validity };
    },
  };
}

function compileField(schema: SchemaSpec, layout: RowLayout, name: string): CollateField {
  const field = fieldOf(schema, name);
  const column = columnOf(layout, name);
  const validityOf = (rows: BatchRows) =>
    column.nullBit < 0 ? undefined : gatherValidity(rows, layout.maskOffset, column.nullBit);
  if (isFixed(field) && column.kind === "fixed") {
    const gather = createFixedGather(column, layout.strideBytes);
    return (rows) => ({ column: columnArray(field.type, gather(rows)), validity: validityOf(rows) });
  }
  if (isFixed(field) || column.kind === "fixed") {
    throw new HexzError(
      "E_SCHEMA",
      `field ${JSON.stringify(name)} has another kind in the row layout than in the schema`,
    );
  }
  const gather = createVariableGather(column);
  return (rows) => {
    const validity = validityOf(rows);
    const { offsets, bytes } = gather(rows, validity);
    return { column: createVariableColumn(field, offsets, bytes, validity), validity };
  };
}
