import type { FieldSpec, ScalarType } from "../core/format/schema.js";

/** What is known of the values of a column so far. */
export interface ColumnGuess {
  /** Kinds seen, but for missing values. */
  readonly kinds: Set<TextKind>;
  hasMissing: boolean;
}

export type TextKind = "int32" | "int64" | "float64" | "bool" | "utf8";

const INTEGER = /^-?(0|[1-9]\d*)$/;
const DECIMAL = /^-?(0|[1-9]\d*)?(\.\d*)?(e[+-]?\d+)?$/i;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** The narrowest kind that keeps a cell exactly: "007" and numbers past 64 bits stay text. */
export function kindOf(cell: string): TextKind {
  if (cell === "true" || cell === "false") return "bool";
  if (INTEGER.test(cell) && cell !== "-0") {
    const value = BigInt(cell);
    if (BigInt.asIntN(32, value) === value) return "int32";
    return value >= INT64_MIN && value <= INT64_MAX ? "int64" : "utf8";
  }
  return DECIMAL.test(cell) && /\d/.test(cell) && Number.isFinite(Number(cell)) ? "float64" : "utf8";
}

/** One kind for all that was seen: numbers widen, anything else is text. */
export function joinKinds(kinds: ReadonlySet<TextKind>): TextKind {
  if (kinds.size === 1) return [...kinds][0] ?? "utf8";
  const has = (kind: TextKind) => kinds.has(kind);
  if (kinds.size === 0 || has("utf8") || has("bool")) return "utf8";
  if (!has("float64")) return "int64";
  // A float64 does not keep every int64.
  return has("int64") ? "utf8" : "float64";
}

/** The values a cell of a scalar field may have; undefined where it does not fit. */
export function parseCell(cell: string, field: FieldSpec): unknown {
  if (field.type === "utf8") return cell;
  if (field.type === "bool") return cell === "true" ? true : cell === "false" ? false : undefined;
  if (field.type === "json") return parseJson(cell);
  if (field.type === "int64" || field.type === "uint64") return INTEGER.test(cell) ? BigInt(cell) : undefined;
  if (field.type === "binary" || field.type === "list") return undefined;
  return parseNumber(cell, field.type);
}

function parseNumber(cell: string, type: ScalarType): number | undefined {
  const value = cell.trim() === "" ? Number.NaN : Number(cell);
  const isFloat = type.startsWith("float");
  return (isFloat && (!Number.isNaN(value) || /^nan$/i.test(cell))) || Number.isInteger(value) ? value : undefined;
}

function parseJson(cell: string): unknown {
  try {
    return JSON.parse(cell);
  } catch {
    return undefined;
  }
}
