/** Element types of fixed-size fields and of list items. */
export const SCALAR_TYPES = [
  "bool",
  "uint8",
  "int8",
  "uint16",
  "int16",
  "uint32",
  "int32",
  "uint64",
  "int64",
  "float16",
  "float32",
  "float64",
] as const;
export type ScalarType = (typeof SCALAR_TYPES)[number];

/** Bytes of one element; `bool` is one byte, 0 or 1. */
export const SCALAR_BYTES: Readonly<Record<ScalarType, 1 | 2 | 4 | 8>> = {
  bool: 1,
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  float16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  uint64: 8,
  int64: 8,
  float64: 8,
};

/** A field of constant size: a scalar (`shape` `[]`) or a dense row-major array of scalars. */
export interface FixedField {
  readonly type: ScalarType;
  readonly shape: readonly number[];
  readonly nullable: boolean;
}

/** A field of varying size: text, bytes, JSON text, or a list of scalars (`item`). */
export interface VariableField {
  readonly type: "utf8" | "binary" | "json" | "list";
  /** Element type of a `list`; absent otherwise. */
  readonly item?: ScalarType;
  readonly nullable: boolean;
}

export type FieldSpec = FixedField | VariableField;

/** Field name → field, in the order of the columns. */
export type SchemaSpec = Readonly<Record<string, FieldSpec>>;

export function isFixed(field: FieldSpec): field is FixedField {
  return field.type in SCALAR_BYTES;
}

/** Elements of a fixed field: the product of its shape (1 for a scalar). */
export function elementCount(field: FixedField): number {
  return field.shape.reduce((product, extent) => product * extent, 1);
}

/** Bytes of one value of a fixed field. */
export function valueBytes(field: FixedField): number {
  return elementCount(field) * SCALAR_BYTES[field.type];
}

/** Bytes of one item of a variable field: 1 for text, bytes and JSON. */
export function itemBytes(field: VariableField): number {
  return field.item === undefined ? 1 : SCALAR_BYTES[field.item];
}
