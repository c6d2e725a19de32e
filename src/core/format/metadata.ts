import { HexzError } from "../../errors.js";
import { MAX_DIMENSIONS, MAX_FIELD_NAME_BYTES, MAX_FIELDS, MAX_JSON_DEPTH, MAX_RAW_BLOCK_BYTES } from "./limits.js";
import type { FieldSpec, ScalarType, SchemaSpec } from "./schema.js";
import { isFixed, SCALAR_TYPES, valueBytes } from "./schema.js";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What is known of a field's values (FORMAT.md 9). Informative: it never decides how bytes are read. */
export interface FieldStatistics {
  /** Records with a value. */
  readonly count: number;
  readonly nulls: number;
  readonly min?: number;
  readonly max?: number;
  readonly mean?: number;
  readonly std?: number;
  /** Per index of the last axis, where it has 2–4. */
  readonly channels?: { readonly mean: readonly number[]; readonly std: readonly number[] };
  /** Value and count of integers and bools of few values, by value. */
  readonly histogram?: readonly (readonly [number, number])[];
  /** Intra-block correlation of a label: 0 mixed, 1 sorted. */
  readonly rho?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly meanLength?: number;
}

export interface Metadata {
  readonly fields?: SchemaSpec | undefined;
  readonly statistics?: Readonly<Record<string, FieldStatistics>> | undefined;
  readonly user?: Json | undefined;
}

/** The JSON bytes of the metadata, keys in the order of FORMAT.md 9. Pure. */
export function serializeMetadata(metadata: Metadata): Uint8Array {
  const fields = metadata.fields === undefined ? undefined : Object.entries(metadata.fields).map(serializeField);
  const { statistics, user } = metadata;
  return new TextEncoder().encode(JSON.stringify({ fields, statistics, user }));
}

function serializeField([name, field]: readonly [string, FieldSpec]) {
  const shape = isFixed(field) && field.shape.length > 0 ? field.shape : undefined;
  const item = isFixed(field) ? undefined : field.item;
  return { name, type: field.type, shape, item, nullable: field.nullable || undefined };
}

/**
 * Reads and checks the metadata.
 *
 * @throws HexzError `E_CORRUPT`, `E_LIMIT` where it is not what FORMAT.md 9 says.
 */
export function parseMetadata(bytes: Uint8Array, what: string): Metadata {
  const root = object(parseJson(bytes, what), what, ["fields", "statistics", "user"]);
  const statistics = root.get("statistics");
  const fields = root.get("fields");
  return {
    fields: fields === undefined ? undefined : parseFields(fields, what),
    // Informative numbers for people and for `pack`'s own readers, which treat every one as optional.
    statistics: statistics === undefined ? undefined : (statistics as unknown as Record<string, FieldStatistics>),
    user: root.get("user"),
  };
}

function parseJson(bytes: Uint8Array, what: string): Json {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    assertDepth(text, what);
    return JSON.parse(text);
  } catch (cause) {
    if (cause instanceof HexzError) throw cause;
    throw new HexzError("E_CORRUPT", `${what} is not valid JSON`, { cause });
  }
}

/** Bounds the nesting before `JSON.parse` recurses into it. */
function assertDepth(text: string, what: string): void {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (inString) {
      if (c === "\\") i++;
      else if (c === '"') inString = false;
    } else if (c === '"') inString = true;
    else if (c === "[" || c === "{") depth++;
    else if (c === "]" || c === "}") depth--;
    if (depth > MAX_JSON_DEPTH) throw new HexzError("E_LIMIT", `${what} nests deeper than ${MAX_JSON_DEPTH}`);
  }
}

function object(value: Json | undefined, what: string, keys: readonly string[]): Map<string, Json> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw corrupt(what, "an object is missing");
  const map = new Map(Object.entries(value as { readonly [key: string]: Json }));
  for (const key of map.keys())
    if (!keys.includes(key)) throw corrupt(what, `the key ${JSON.stringify(key)} is unknown`);
  return map;
}

function parseFields(value: Json, what: string): SchemaSpec {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_FIELDS)
    throw corrupt(what, "its fields are not a list of 1 to 4,096");
  const entries = value.map((item) => parseField(item, what));
  if (new Set(entries.map(([name]) => name)).size !== entries.length) throw corrupt(what, "two fields have one name");
  // fromEntries defines own properties, so a field named __proto__ is data.
  return Object.fromEntries(entries);
}

function parseField(value: Json, what: string): readonly [string, FieldSpec] {
  const field = object(value, what, ["name", "type", "shape", "item", "nullable"]);
  const name = field.get("name");
  const type = field.get("type");
  const nullable = field.get("nullable") ?? false;
  if (typeof name !== "string" || !isFieldName(name)) throw corrupt(what, `${JSON.stringify(name)} is no field name`);
  if (typeof nullable !== "boolean") throw corrupt(what, `field ${name} is neither nullable nor not`);
  if (isScalar(type) && !field.has("item")) {
    const spec = { type, shape: parseShape(field.get("shape") ?? [], name, what), nullable };
    if (valueBytes(spec) > MAX_RAW_BLOCK_BYTES) throw corrupt(what, `a value of field ${name} exceeds a block`);
    return [name, spec];
  }
  const item = field.get("item");
  if (type === "list" && isScalar(item) && !field.has("shape")) return [name, { type, item, nullable }];
  if ((type === "utf8" || type === "binary" || type === "json") && item === undefined && !field.has("shape"))
    return [name, { type, nullable }];
  throw corrupt(what, `field ${name} has the unknown type ${JSON.stringify(type)}`);
}

function parseShape(value: Json, name: string, what: string): readonly number[] {
  const isShape =
    Array.isArray(value) &&
    value.length <= MAX_DIMENSIONS &&
    value.every((n) => Number.isSafeInteger(n) && Number(n) >= 1);
  if (!isShape) throw corrupt(what, `field ${name} has the shape ${JSON.stringify(value)}`);
  return value as readonly number[];
}

function isScalar(type: Json | undefined): type is ScalarType {
  return SCALAR_TYPES.some((scalar) => scalar === type);
}

/** Whether `name` may name a field: 1–256 bytes of UTF-8 without control characters. */
export function isFieldName(name: string): boolean {
  const bytes = new TextEncoder().encode(name).length;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  return bytes >= 1 && bytes <= MAX_FIELD_NAME_BYTES && !/[\u0000-\u001f\u007f]/.test(name);
}

function corrupt(what: string, why: string): HexzError {
  return new HexzError("E_CORRUPT", `${what} is not valid: ${why}`);
}
