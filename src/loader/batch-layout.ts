import type { ColumnLayout, RowLayout } from "../core/format/row-layout.js";
import type { FieldSpec, SchemaSpec } from "../core/format/schema.js";
import { isFixed } from "../core/format/schema.js";
import type { FieldGather } from "./workers/protocol.js";

/** Columns begin at multiples of this: a cache line, and enough for any element. */
const COLUMN_ALIGNMENT = 64;

/** One field of a batch and where its parts stand, in bytes from the start of the batch. */
export interface BatchField {
  readonly name: string;
  readonly spec: FieldSpec;
  readonly kind: "fixed" | "items";
  /** Values of a fixed field, or the i32 offsets of one with items. */
  readonly at: number;
  /** Bytes of one value of a fixed field; of one item. */
  readonly valueBytes: number;
  /** Bitmap; undefined where the field is not nullable. */
  readonly validityAt: number | undefined;
}

/**
 * A batch in memory: first the addresses of its rows, then one column after another, then the items of variable fields. The places are the same for every batch of a loader, full or not.
 */
export interface BatchLayout {
  readonly batchSize: number;
  /** Where the u32 row addresses stand, and those of the rows' blocks (0 where no field needs them). */
  readonly rowsAt: number;
  readonly basesAt: number;
  readonly fields: readonly BatchField[];
  /** What the threads do to fill it. */
  readonly gathers: readonly FieldGather[];
  /** Where items may begin: the bytes of a batch without any. */
  readonly itemsAt: number;
  readonly hasItems: boolean;
}

/** Lays out batches of `batchSize` records with the fields `names`. Pure. */
export function createBatchLayout(
  schema: SchemaSpec,
  rows: RowLayout,
  names: readonly string[],
  batchSize: number,
): BatchLayout {
  const take = createCursor();
  const rowsAt = take(batchSize * 4);
  const columns = names.map((name) => columnOf(rows, schema, name));
  const hasItems = columns.some(({ column }) => column.kind === "variable");
  const basesAt = hasItems ? take(batchSize * 4) : 0;
  const fields = columns.map(({ column, spec }): BatchField => {
    const isColumnFixed = column.kind === "fixed";
    const valueBytes = isColumnFixed ? column.valueBytes : column.itemBytes;
    const at = take(isColumnFixed ? batchSize * valueBytes : (batchSize + 1) * 4);
    const validityAt = column.nullBit < 0 ? undefined : take(Math.ceil(batchSize / 8));
    return { name: column.name, spec, kind: isColumnFixed ? "fixed" : "items", at, valueBytes, validityAt };
  });
  const gathers = fields.flatMap((field, i) => gathersOf(field, columns[i]?.column as ColumnLayout, rows)); // one field per column
  return { batchSize, rowsAt, basesAt, fields, gathers, itemsAt: take(0), hasItems };
}

/** Gives one place after another. */
function createCursor(): (bytes: number) => number {
  let end = 0;
  return (bytes) => {
    const at = Math.ceil(end / COLUMN_ALIGNMENT) * COLUMN_ALIGNMENT;
    end = at + bytes;
    return at;
  };
}

function columnOf(rows: RowLayout, schema: SchemaSpec, name: string): { column: ColumnLayout; spec: FieldSpec } {
  const column = rows.columns.find((candidate) => candidate.name === name);
  const spec = Object.hasOwn(schema, name) ? schema[name] : undefined;
  if (column === undefined || spec === undefined) throw new RangeError(`no field ${JSON.stringify(name)}`);
  if (isFixed(spec) !== (column.kind === "fixed"))
    throw new RangeError(`field ${JSON.stringify(name)} has another kind in its rows`);
  return { column, spec };
}

function gathersOf({ at, validityAt }: BatchField, column: ColumnLayout, rows: RowLayout): FieldGather[] {
  const { offset, nullBit } = column;
  const values: FieldGather =
    column.kind === "fixed"
      ? { kind: "bytes", offset, valueBytes: column.valueBytes, to: at }
      : { kind: "items", offset, itemBytes: column.itemBytes, to: at };
  if (validityAt === undefined) return [values];
  return [values, { kind: "validity", offset: rows.maskOffset + (nullBit >> 3), bit: nullBit & 7, to: validityAt }];
}
