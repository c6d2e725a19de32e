import {
  type FieldSpec,
  type FixedField,
  HexzError,
  type NumericArray,
  type ScalarType,
  type VariableColumn,
} from "../../src/index.js";
import {
  type BigIntColumn,
  firstOutsideInt32,
  firstRounded,
  halfToFloat32,
  type NumberColumn,
  toFloat32,
  toNumbers,
} from "./convert.js";
import type { TensorDtype, TensorValues } from "./tf-like.js";

/** How one field's numbers become a tensor's. */
export interface FieldCast {
  /** Multiplies every value; makes the tensor float32. @default 1 */
  readonly scale?: number | undefined;
  /** Added after scaling; makes the tensor float32. @default 0 */
  readonly offset?: number | undefined;
  /** `int32` is for integers and bools, `bool` for bools. @default "float32", refusing an int32 value that float32 would round */
  readonly dtype?: "float32" | "int32" | "bool" | undefined;
}

/** The column of one batch, with what errors name. */
export interface ColumnInput {
  readonly column: NumericArray | VariableColumn;
  readonly validity: Uint8Array | undefined;
  readonly size: number;
  readonly indices: Float64Array;
}

/** How one field becomes a tensor: decided once from the schema, obeyed for every batch. */
export interface FieldPlan {
  readonly dtype: TensorDtype;
  /** Stored type of the field. */
  readonly type: FieldSpec["type"];
  /** Shape of one record's value; the tensor's is `[size, …shape]`. */
  readonly shape: readonly number[];
  values(input: ColumnInput): TensorValues;
}

/** Types whose values have no home in a tensor unless the caller chooses one. */
const NEEDS_CAST: ReadonlySet<ScalarType> = new Set(["uint32", "uint64", "int64"]);
const FLOATS: ReadonlySet<ScalarType> = new Set(["float16", "float32", "float64"]);

/** @throws TypeError for a field that no dtype of TensorFlow.js holds, or a cast that would lose values silently. */
export function planField(name: string, spec: FieldSpec, cast: FieldCast | undefined): FieldPlan {
  return "shape" in spec ? planFixed(name, spec, cast ?? {}) : planText(name, spec, cast);
}

function planFixed(name: string, spec: FixedField, cast: FieldCast): FieldPlan {
  const dtype = fixedDtype(name, spec, cast);
  const perRecord = spec.shape.reduce((product, extent) => product * extent, 1);
  const convert = converter(spec.type, dtype, cast);
  return {
    dtype,
    type: spec.type,
    shape: spec.shape,
    values: (input) => {
      assertNoNulls(name, input);
      // The schema says that a fixed field's column is one typed array.
      return convert(input.column as NumericArray, (element, value) =>
        doesNotFit(name, dtype, input.indices[Math.floor(element / perRecord)], value),
      );
    },
  };
}

function fixedDtype(name: string, { type }: FixedField, cast: FieldCast): "float32" | "int32" | "bool" {
  const option = `options.cast.${name}`;
  const { dtype, scale = 1, offset = 0 } = cast;
  if (!Number.isFinite(scale) || !Number.isFinite(offset))
    throw new TypeError(`${option} must have a finite scale and offset, got ${scale} and ${offset}`);
  if (dtype !== undefined && dtype !== "float32" && isScaled(cast))
    throw new TypeError(`${option} has dtype "${dtype}" and a scale or offset, which need "float32"`);
  if (dtype === "int32" && FLOATS.has(type))
    throw new TypeError(`${option}.dtype is "int32", which would drop the fractions of ${type}`);
  if (dtype === "bool" && type !== "bool") throw new TypeError(`${option}.dtype is "bool", but the field is ${type}`);
  if (dtype === undefined && !isScaled(cast) && NEEDS_CAST.has(type))
    throw new TypeError(
      `field ${JSON.stringify(name)} is ${type}, which TensorFlow.js has no dtype for; choose one: ` +
        `${option} = { dtype: "int32" } (a value that does not fit is an error) or { dtype: "float32" } (rounds beyond 2^24)`,
    );
  return dtype ?? "float32";
}

function isScaled({ scale, offset }: FieldCast): boolean {
  return scale !== undefined || offset !== undefined;
}

type Convert = (column: NumericArray, error: (element: number, value: number) => HexzError) => TensorValues;

/** The `as` in it hold because the schema names the element type of the column. */
function converter(type: ScalarType, dtype: "float32" | "int32" | "bool", cast: FieldCast): Convert {
  if (dtype === "bool") return (column) => column as Uint8Array;
  const numbers = numbersOf(type);
  if (dtype === "int32") {
    if (type === "int32") return (column) => column as Int32Array;
    return checked(numbers, firstOutsideInt32, (values) => new Int32Array(values));
  }
  const { scale = 1, offset = 0 } = cast;
  if (scale !== 1 || offset !== 0) return (column) => toFloat32(numbers(column), scale, offset);
  if (type === "float32" || type === "float16") return (column) => numbers(column) as Float32Array;
  if (type === "int32" && cast.dtype === undefined && !isScaled(cast))
    return checked(numbers, firstRounded, (values) => new Float32Array(values));
  return (column) => new Float32Array(numbers(column));
}

function checked(
  numbers: (column: NumericArray) => NumberColumn,
  firstBad: (values: NumberColumn) => number,
  convert: (values: NumberColumn) => TensorValues,
): Convert {
  return (column, error) => {
    const values = numbers(column);
    const bad = firstBad(values);
    if (bad >= 0) throw error(bad, values[bad] ?? 0);
    return convert(values);
  };
}

function numbersOf(type: ScalarType): (column: NumericArray) => NumberColumn {
  if (type === "float16") return (column) => halfToFloat32(column as Uint16Array);
  if (type === "int64" || type === "uint64") return (column) => toNumbers(column as BigIntColumn);
  return (column) => column as NumberColumn;
}

/** Text and bytes become string tensors, whose elements are byte strings; no decoding happens here. */
function planText(name: string, spec: FieldSpec, cast: FieldCast | undefined): FieldPlan {
  if (spec.type !== "utf8" && spec.type !== "binary")
    throw new TypeError(
      `field ${JSON.stringify(name)} is a ${spec.type} of varying size, which is no tensor; select a fixed, utf8 or binary field`,
    );
  if (cast !== undefined) throw new TypeError(`options.cast.${name} is for numbers, but the field is ${spec.type}`);
  return {
    dtype: "string",
    type: spec.type,
    shape: [],
    values: (input) => {
      assertNoNulls(name, input);
      return byteStrings(input.column as VariableColumn); // the schema says that the column is variable
    },
  };
}

function byteStrings({ data, offsets, length }: VariableColumn): Uint8Array[] {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return Array.from({ length }, (_, i) => bytes.subarray(offsets[i], offsets[i + 1]));
}

function assertNoNulls(name: string, { validity, size, indices }: ColumnInput): void {
  if (validity === undefined) return;
  for (let row = 0; row < size; row++) {
    if (((validity[row >> 3] ?? 0) >> (row & 7)) & 1) continue;
    throw new HexzError(
      "E_RECORD",
      `Record ${indices[row]} has no value in field ${JSON.stringify(name)}, and a tensor has no nulls: fill the value when packing or leave the record out.`,
      { context: { record: indices[row], field: name } },
    );
  }
}

function doesNotFit(name: string, dtype: string, record: number | undefined, value: number): HexzError {
  const other = dtype === "int32" ? "float32" : "int32";
  return new HexzError(
    "E_RECORD",
    `Record ${record} has ${value} in field ${JSON.stringify(name)}, which ${dtype} does not hold: use { dtype: "${other}" } in options.cast.${name}.`,
    { context: { record, field: name, value } },
  );
}
