/** The JSON text of a value, or in words why there is none. */
export type JsonText =
  | { readonly text: string; readonly problem?: undefined }
  | { readonly text?: undefined; readonly problem: string };

/**
 * The JSON text of `value`. Unlike `JSON.stringify` it drops or changes nothing silently: `undefined`, functions, symbols, bigints, NaN and infinities,
 * maps, sets and typed arrays have no JSON form, at any depth.
 */
export function jsonText(value: unknown): JsonText {
  let problem: string | undefined;
  try {
    const text = JSON.stringify(value, (key, item) => {
      const found = problemOf(item);
      if (found !== undefined) problem ??= key === "" ? found : `${found} at key ${JSON.stringify(key)}`;
      return problem === undefined ? item : null;
    });
    return problem === undefined ? { text } : { problem };
  } catch (error) {
    // A cycle, nesting too deep for the stack, or a toJSON that throws.
    return { problem: `a value that cannot be written (${firstLine(error)})` };
  }
}

function problemOf(item: unknown): string | undefined {
  if (item === undefined) return "undefined";
  if (typeof item === "number") return Number.isFinite(item) ? undefined : String(item);
  if (typeof item === "bigint") return `the bigint ${item}`;
  if (typeof item === "function" || typeof item === "symbol") return `a ${typeof item}`;
  if (typeof item !== "object" || item === null || Array.isArray(item)) return undefined;
  const name = Object.prototype.toString.call(item).slice(8, -1);
  return name === "Object" ? undefined : `a ${name}`;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "";
}
