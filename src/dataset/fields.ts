import { MAX_DIMENSIONS, MAX_FIELD_NAME_BYTES, MAX_FIELDS } from "../core/format/limits.js";
import {
  type FieldSpec,
  isFixed,
  SCALAR_TYPES,
  type ScalarType,
  type SchemaSpec,
  valueBytes,
} from "../core/format/schema.js";
import { HexzError } from "../errors.js";
import type { Field, FieldTypes, JsonValue, Schema, VariableColumn } from "./types.js";

/** The three types of a field: value in a record, what `pack` accepts, column of a batch. */
export interface Types<V, I, C> extends FieldTypes {
  readonly value: V;
  readonly input: I;
  readonly column: C;
}

type NullableColumn<C> = C extends VariableColumn<infer V, infer D> ? VariableColumn<V | null, D> : C;

/** The types of a field that may also hold `null`. */
export type Nullable<T extends FieldTypes> = Types<T["value"] | null, T["input"] | null, NullableColumn<T["column"]>>;

/** A field that can still be made nullable. */
export interface FieldBuilder<T extends FieldTypes> extends Field<T> {
  /**
   * The same field, allowing `null`. A fixed column holds zeros in the rows of nulls: the batch's `validity` bitmap tells them apart.
   * In a nullable JSON field a JSON `null` and a missing value are one.
   */
  nullable(): FieldBuilder<Nullable<T>>;
}

/** Makes a scalar field, or a dense row-major array of `shape` (each extent an integer ≥ 1, at most 8 of them). */
export interface FixedFactory<Scalar extends FieldTypes, Shaped extends FieldTypes> {
  (shape?: readonly []): FieldBuilder<Scalar>;
  (shape: readonly number[]): FieldBuilder<Shaped>;
}

/** For every element type: the typed array of a shaped value or of a list, and the typed array of a column. */
interface ArraysOf {
  bool: { value: Uint8Array; column: Uint8Array };
  uint8: { value: Uint8Array; column: Uint8Array };
  int8: { value: Int8Array; column: Int8Array };
  uint16: { value: Uint16Array; column: Uint16Array };
  int16: { value: Int16Array; column: Int16Array };
  uint32: { value: Uint32Array; column: Uint32Array };
  int32: { value: Int32Array; column: Int32Array };
  uint64: { value: BigUint64Array; column: BigUint64Array };
  int64: { value: BigInt64Array; column: BigInt64Array };
  float16: { value: Float32Array; column: Uint16Array };
  float32: { value: Float32Array; column: Float32Array };
  float64: { value: Float64Array; column: Float64Array };
}

type ScalarOf<K extends ScalarType> = K extends "bool" ? boolean : K extends "int64" | "uint64" ? bigint : number;
type ScalarInput<K extends ScalarType> = K extends "int64" | "uint64" ? number | bigint : ScalarOf<K>;
type ArrayInput<K extends ScalarType> =
  | ArraysOf[K]["value"]
  | (K extends "int64" | "uint64" ? readonly bigint[] : readonly number[]);

/** The types of a scalar field. */
export type ScalarTypes<K extends ScalarType> = Types<ScalarOf<K>, ScalarInput<K>, ArraysOf[K]["column"]>;

/** The types of a field with a shape: one typed array a record. `bool` is 0 or 1; `float16` is widened to `Float32Array`. */
export type ShapedTypes<K extends ScalarType> = Types<ArraysOf[K]["value"], ArrayInput<K>, ArraysOf[K]["column"]>;

/** The types of a ragged list of scalars. */
export type ListTypes<K extends ScalarType> = Types<
  ArraysOf[K]["value"],
  ArrayInput<K>,
  VariableColumn<ArraysOf[K]["value"], ArraysOf[K]["column"]>
>;

type VariableTypes<V> = Types<V, V, VariableColumn<V, Uint8Array>>;

/**
 * The fields a schema is made of. Scalars: `bool` is a boolean, integers up to 32 bits and floats are numbers, `int64`/`uint64` are bigints
 * (safe integers are accepted too). With a shape the value is one typed array, row-major.
 *
 * @example
 * ```ts
 * const schema = {
 *   image: fields.uint8([28, 28, 1]), // Uint8Array of 784; column: Uint8Array of shape [batch, 28, 28, 1]
 *   label: fields.int32(),            // number; column: Int32Array of shape [batch]
 *   caption: fields.utf8().nullable(),
 * };
 * ```
 */
export const fields = Object.freeze({
  bool: fixed("bool"),
  uint8: fixed("uint8"),
  int8: fixed("int8"),
  uint16: fixed("uint16"),
  int16: fixed("int16"),
  uint32: fixed("uint32"),
  int32: fixed("int32"),
  uint64: fixed("uint64"),
  int64: fixed("int64"),
  /** IEEE 754 half precision: numbers in records, half bits (`Uint16Array`) in columns. */
  float16: fixed("float16"),
  float32: fixed("float32"),
  float64: fixed("float64"),
  /** Text. */
  utf8: (): FieldBuilder<VariableTypes<string>> => build({ type: "utf8", nullable: false }),
  /** Bytes of any length. */
  binary: (): FieldBuilder<VariableTypes<Uint8Array>> => build({ type: "binary", nullable: false }),
  /** Any JSON value, stored as its text. */
  json: (): FieldBuilder<VariableTypes<JsonValue>> => build({ type: "json", nullable: false }),
  /** A list of scalars whose length differs from record to record. */
  list<K extends ScalarType>(item: K): FieldBuilder<ListTypes<K>> {
    if (!isScalarType(item)) {
      throw new TypeError(`fields.list: item must be one of ${SCALAR_TYPES.join(", ")}, got ${String(item)}`);
    }
    return build({ type: "list", item, nullable: false });
  },
});

function fixed<K extends ScalarType>(type: K): FixedFactory<ScalarTypes<K>, ShapedTypes<K>> {
  function create(shape?: readonly []): FieldBuilder<ScalarTypes<K>>;
  function create(shape: readonly number[]): FieldBuilder<ShapedTypes<K>>;
  function create(shape: readonly number[] = []): FieldBuilder<ScalarTypes<K> | ShapedTypes<K>> {
    checkShape(type, shape);
    return build({ type, shape: Object.freeze([...shape]), nullable: false });
  }
  return create;
}

function build<T extends FieldTypes>(spec: FieldSpec): FieldBuilder<T> {
  return Object.freeze({ spec: Object.freeze(spec), nullable: () => build<Nullable<T>>({ ...spec, nullable: true }) });
}

function isScalarType(name: unknown): name is ScalarType {
  return (SCALAR_TYPES as readonly unknown[]).includes(name);
}

function checkShape(type: ScalarType, shape: readonly number[]): void {
  const where = `fields.${type}: shape`;
  if (!Array.isArray(shape)) throw new TypeError(`${where} must be an array of integers, got ${String(shape)}`);
  if (shape.length > MAX_DIMENSIONS) {
    throw new RangeError(`${where} must have at most ${MAX_DIMENSIONS} dimensions, got ${shape.length}`);
  }
  shape.forEach((extent: unknown, axis) => {
    if (typeof extent !== "number") {
      throw new TypeError(`${where}[${axis}] must be an integer >= 1, got ${String(extent)}`);
    }
    if (!Number.isInteger(extent) || extent < 1) {
      throw new RangeError(`${where}[${axis}] must be an integer >= 1, got ${extent}`);
    }
  });
  if (!Number.isSafeInteger(valueBytes({ type, shape, nullable: false }))) {
    throw new RangeError(`${where} [${shape.join(", ")}] has more bytes than an integer can count`);
  }
}

/**
 * The stored description of a schema, columns in the order of its keys (JavaScript puts integer-like names first, ascending).
 *
 * @throws HexzError `E_SCHEMA` where the schema has no field, a name is not 1–256 bytes of UTF-8 without control characters, or a value is
 * not one of {@link fields}.
 */
export function schemaSpec(schema: Schema): SchemaSpec {
  return mapNames(schema, (field, name) => {
    const spec: unknown = (field as Partial<Field> | null | undefined)?.spec;
    if (!isObject(spec)) throw invalid(name, "is not a field: use fields.uint8(), fields.utf8() …");
    return fieldFromSpec(spec as unknown as FieldSpec, name).spec;
  });
}

/**
 * The schema whose stored description is `spec`; the inverse of {@link schemaSpec}. Its types are those of any schema: name them with a type
 * argument of `openDataset`, or pass your own schema there.
 *
 * @throws HexzError `E_SCHEMA` where the description is not valid.
 */
export function schemaFromSpec(spec: SchemaSpec): Schema {
  return mapNames(spec, fieldFromSpec);
}

function fieldFromSpec(spec: FieldSpec, name: string): Field {
  const nullable = spec.nullable;
  if (typeof nullable !== "boolean") throw invalid(name, "says neither nullable: true nor nullable: false");
  try {
    const field = fieldOfType(spec);
    if (field === undefined) throw invalid(name, `has the unknown type ${String(spec.type)}`);
    return nullable ? field.nullable() : field;
  } catch (cause) {
    if (cause instanceof HexzError) throw cause;
    throw invalid(name, `is not valid: ${(cause as Error).message}`, cause);
  }
}

function fieldOfType(spec: FieldSpec): FieldBuilder<FieldTypes> | undefined {
  if (Object.hasOwn(fields, spec.type)) {
    if (isFixed(spec)) return fields[spec.type](spec.shape);
    return spec.type === "list" ? fields.list(spec.item as ScalarType) : fields[spec.type]();
  }
  return undefined;
}

/** Maps the values of a record, keeping its names as data: the result has no prototype, so `__proto__` is a name like any other. */
function mapNames<A, B>(record: Readonly<Record<string, A>>, map: (value: A, name: string) => B): Record<string, B> {
  if (!isObject(record)) throw new HexzError("E_SCHEMA", `a schema is an object of fields, got ${String(record)}`);
  const mapped: Record<string, B> = Object.create(null);
  for (const [name, value] of Object.entries(record)) {
    checkName(name);
    mapped[name] = map(value, name);
  }
  const count = Object.keys(mapped).length;
  if (count === 0 || count > MAX_FIELDS) {
    throw new HexzError("E_SCHEMA", `a schema must have 1 to ${MAX_FIELDS} fields, got ${count}`, {
      context: { fields: count },
    });
  }
  return Object.freeze(mapped);
}

function checkName(name: string): void {
  const bytes = new TextEncoder().encode(name).length;
  if (bytes === 0 || bytes > MAX_FIELD_NAME_BYTES) {
    throw invalid(name.slice(0, 64), `must have a name of 1 to ${MAX_FIELD_NAME_BYTES} bytes, got ${bytes}`);
  }
  // A lone surrogate has no UTF-8 form: two such names would be stored as one.
  if (/[\p{Cc}\p{Surrogate}]/u.test(name)) {
    throw invalid(name, "must have a name without control characters or lone surrogates");
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function invalid(name: string, what: string, cause?: unknown): HexzError {
  return new HexzError("E_SCHEMA", `field ${JSON.stringify(name)} ${what}`, { context: { field: name }, cause });
}
