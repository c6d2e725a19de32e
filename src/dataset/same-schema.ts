import type { FieldSpec, SchemaSpec } from "../core/format/schema.js";
import { isFixed } from "../core/format/schema.js";
import { HexzError } from "../errors.js";

/**
 * Asserts that the schema a caller expects is the stored one: names, types, shapes, items and nullability. Their order is free.
 *
 * @throws HexzError `E_SCHEMA` that names the first difference.
 */
export function assertSameSchema(expected: SchemaSpec, stored: SchemaSpec, source: string): void {
  const names = new Set([...Object.keys(expected), ...Object.keys(stored)]);
  for (const name of names) {
    const wanted = describe(expected, name);
    const found = describe(stored, name);
    if (wanted === found) continue;
    throw new HexzError(
      "E_SCHEMA",
      `field ${JSON.stringify(name)} is ${wanted} in options.schema but ${found} in ${source}; open it without options.schema to see what is stored`,
      { context: { source, field: name, expected: wanted, stored: found } },
    );
  }
}

function describe(schema: SchemaSpec, name: string): string {
  const field = Object.hasOwn(schema, name) ? schema[name] : undefined;
  return field === undefined ? "absent" : `${typeName(field)}${field.nullable ? ", nullable" : ""}`;
}

function typeName(field: FieldSpec): string {
  if (isFixed(field)) return `${field.type}[${field.shape.join(", ")}]`;
  return field.item === undefined ? field.type : `${field.type} of ${field.item}`;
}
