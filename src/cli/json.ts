import type { FieldSpec, SchemaSpec } from "../core/format/schema.js";
import { isFixed } from "../core/format/schema.js";

/** A document as text: bigints become strings, because readers of JSON lose digits past 2^53. */
export function toJsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, jsonValue, indent);
}

/** NaN and the infinities, which JSON has no numbers for, become their names. */
function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return value;
}

/**
 * A record as one line of JSON. Text and `json` fields are themselves, `binary` is base64, arrays are flat lists of numbers (row-major; the schema has the
 * shape), 64-bit integers are strings, null is null.
 */
export function recordToJson(record: Readonly<Record<string, unknown>>, schema: SchemaSpec): string {
  const fields = Object.entries(schema).map(([name, field]) => [name, fieldToJson(record[name], field)] as const);
  // A null prototype, so that a field called __proto__ is a field.
  const plain = Object.assign(Object.create(null), {}) as Record<string, unknown>;
  for (const [name, value] of fields) plain[name] = value;
  return toJsonText(plain);
}

function fieldToJson(value: unknown, field: FieldSpec): unknown {
  if (value === null || value === undefined) return null;
  if (!isFixed(field) && field.type === "json") return value;
  if (!isFixed(field) && field.type === "binary" && value instanceof Uint8Array) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
  }
  return isArrayOfNumbers(value) ? Array.from(value) : value;
}

/** Typed arrays of any kind. */
export function isArrayOfNumbers(value: unknown): value is ArrayLike<number | bigint> & ArrayBufferView {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}
