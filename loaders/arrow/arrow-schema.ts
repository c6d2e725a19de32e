import {
  Binary,
  Bool,
  type DataType,
  Field,
  FixedSizeList,
  Float16,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  List,
  Schema,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
  Utf8,
} from "apache-arrow";
import type { FieldSpec, ScalarType, SchemaSpec } from "../../src/index.js";

/** Column name → Arrow type. */
export type ArrowColumns<Names extends string = string> = { [K in Names]: DataType };

/**
 * The Arrow schema of a loader's fields. Shaped fields are FixedSizeLists marked as the canonical extension `arrow.fixed_shape_tensor`, JSON
 * is Utf8 marked as `arrow.json` (Apache Arrow, "Canonical Extension Types"); readers that know neither see lists and text.
 */
export function arrowSchema<Names extends string = string>(spec: SchemaSpec): Schema<ArrowColumns<Names>> {
  return new Schema(Object.entries(spec).map(([name, field]) => arrowField(name, field)));
}

function arrowField(name: string, spec: FieldSpec): Field {
  return new Field(name, arrowType(spec), spec.nullable, extensionOf(spec));
}

function extensionOf(spec: FieldSpec): Map<string, string> | undefined {
  if (spec.type === "json") return extension("arrow.json", "");
  if ("shape" in spec && spec.shape.length > 0)
    return extension("arrow.fixed_shape_tensor", JSON.stringify({ shape: spec.shape }));
  return undefined;
}

function extension(name: string, metadata: string): Map<string, string> {
  return new Map([
    ["ARROW:extension:name", name],
    ["ARROW:extension:metadata", metadata],
  ]);
}

function arrowType(spec: FieldSpec): DataType {
  if ("shape" in spec) {
    const type = scalarType(spec.type);
    return spec.shape.length === 0 ? type : new FixedSizeList(product(spec.shape), new Field("item", type, false));
  }
  switch (spec.type) {
    case "binary":
      return new Binary();
    case "list":
      return new List(new Field("item", scalarType(spec.item ?? "uint8"), false)); // a list always has an item type
    default:
      return new Utf8();
  }
}

const SCALARS: Readonly<Record<ScalarType, () => DataType>> = {
  bool: () => new Bool(),
  uint8: () => new Uint8(),
  int8: () => new Int8(),
  uint16: () => new Uint16(),
  int16: () => new Int16(),
  uint32: () => new Uint32(),
  int32: () => new Int32(),
  uint64: () => new Uint64(),
  int64: () => new Int64(),
  float16: () => new Float16(),
  float32: () => new Float32(),
  float64: () => new Float64(),
};

function scalarType(type: ScalarType): DataType {
  return SCALARS[type]();
}

function product(extents: readonly number[]): number {
  return extents.reduce((result, extent) => result * extent, 1);
}
