import type { Schema, SchemaSpec } from "../../src/index.js";
import type { TensorOf, TfLike } from "./tf-like.js";

/** Which fields feed a role: one, several in the order of the model's inputs, or by the model's input (or output) names. */
export type FieldSelection<S extends Schema> =
  | (keyof S & string)
  | readonly (keyof S & string)[]
  | Readonly<Record<string, keyof S & string>>;

/** The tensors a selection becomes: one tensor, an array, or a record with the same keys. */
export type SelectedTensors<Tf extends TfLike, X> = X extends string
  ? TensorOf<Tf>
  : X extends readonly unknown[]
    ? TensorOf<Tf>[]
    : { -readonly [K in keyof X]: TensorOf<Tf> };

/** A selection of any schema, as the code below sees it. */
export type AnySelection = string | readonly string[] | Readonly<Record<string, string>>;

/** Field names of a selection, in its order. */
export function selectedFields(selection: AnySelection): string[] {
  return typeof selection === "string" ? [selection] : Object.values(selection);
}

/** The selection with each field name replaced by what `make` gives for it. */
export function mapSelection<T>(selection: AnySelection, make: (field: string) => T): T | T[] | Record<string, T> {
  if (typeof selection === "string") return make(selection);
  if (isNameArray(selection)) return selection.map(make);
  return Object.fromEntries(Object.entries(selection).map(([key, field]) => [key, make(field)]));
}

/** @throws TypeError naming the option when the selection is malformed, empty or names a field the loader does not give. */
export function assertSelection(
  option: string,
  selection: unknown,
  schema: SchemaSpec,
): asserts selection is AnySelection {
  const names = typeof selection === "string" ? [selection] : isObject(selection) ? Object.values(selection) : [];
  if (names.length === 0)
    throw new TypeError(`${option} must be a field name, or an array or record of them, got ${String(selection)}`);
  for (const name of names) {
    if (typeof name === "string" && Object.hasOwn(schema, name)) continue;
    throw new TypeError(
      `${option} names ${JSON.stringify(name)}, which the loader does not give; it gives ${Object.keys(schema).join(", ")}`,
    );
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** `Array.isArray` does not narrow readonly arrays. */
function isNameArray(selection: readonly string[] | Readonly<Record<string, string>>): selection is readonly string[] {
  return Array.isArray(selection);
}
