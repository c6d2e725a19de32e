import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { fields } from "../dataset/fields.js";
import type { Field, RecordInput, RecordSource, Schema } from "../dataset/types.js";
import { HexzError } from "../errors.js";
import { assertInteger, assertKnownKeys } from "../util/options.js";
import { readInput } from "./read-input.js";
import { createSource } from "./source.js";

export interface JsonlOptions<S extends Schema = Schema> {
  /** The fields, by key; keys that are not named are left out. @default found by reading the file */
  readonly schema?: S | undefined;
  /** Lines read to find the types. @default all */
  readonly inferRows?: number | undefined;
}

type JsonKind = "int32" | "int64" | "float64" | "bool" | "utf8" | "json" | "list int32" | "list float64";

interface Line {
  readonly line: number;
  readonly values: ReadonlyMap<string, unknown>;
}

/**
 * JSON Lines: one object a line, also gzipped. Types are found by a first pass; keys that are missing or null somewhere make a nullable field, arrays of numbers lists, nested or mixed
 * values json. Integers past 2^53 keep all their digits as int64.
 *
 * @throws HexzError `E_INPUT` while reading, with the line: no JSON, no object, an integer past 64 bits; `E_EMPTY`.
 * @example
 * await pack(jsonl("captions.jsonl"), "captions.hxz");
 */
export function jsonl<S extends Schema = Schema>(path: string, options: JsonlOptions<S> = {}): RecordSource<S> {
  assertKnownKeys("options", options, ["schema", "inferRows"]);
  if (options.inferRows !== undefined) assertInteger("options.inferRows", options.inferRows, 1);
  // Without a schema of the caller's, S is Schema itself.
  const readSchema = async () => options.schema ?? ((await inferSchema(path, options.inferRows)) as S);
  return createSource(readSchema, (schema) => readRecords(path, schema));
}

async function* readLines(path: string): AsyncGenerator<Line> {
  const input = Readable.from(readInput(path));
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  let failure: unknown;
  input.once("error", (error) => {
    failure = error;
    lines.close(); // readline does not hand on errors of its input
  });
  let line = 0;
  try {
    for await (const text of lines) {
      line++;
      const json = line === 1 ? text.replace(/^\uFEFF/, "") : text;
      if (json.trim() !== "") yield { line, values: parseLine(json, line, path) };
    }
    if (failure !== undefined) throw failure;
  } finally {
    lines.close();
    input.destroy();
  }
}

/** Marks an integer that a number would round; a control character cannot stand in JSON text unescaped. */
const BIG = "\u0001";
/** Strings (skipped whole), or integers of 16 digits or more. */
const STRING_OR_LONG_INTEGER = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g;

function parseLine(json: string, line: number, path: string): ReadonlyMap<string, unknown> {
  const context = { path, line };
  let hasBig = false;
  const exact = json.replace(STRING_OR_LONG_INTEGER, (token, at: number) => {
    const before = json[at - 1] ?? "";
    if (token.startsWith('"') || /[\d.eE+-]/.test(before) || Number.isSafeInteger(Number(token))) return token;
    hasBig = true;
    return `"\\u0001${token}"`;
  });
  if (hasBig && json.includes("\\u0001")) {
    throw new HexzError(
      "E_INPUT",
      `${path}, line ${line}: an integer past 2^53 beside the control character U+0001 cannot be kept`,
      { context },
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(exact, hasBig ? restoreBig : undefined);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HexzError("E_INPUT", `${path}, line ${line} is not valid JSON (${why})`, { context, cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new HexzError("E_INPUT", `${path}, line ${line} is not an object`, { context });
  }
  return new Map(Object.entries(value));
}

function restoreBig(_key: string, value: unknown): unknown {
  return typeof value === "string" && value.startsWith(BIG) ? BigInt(value.slice(1)) : value;
}

async function inferSchema(path: string, inferRows: number | undefined): Promise<Schema> {
  const guesses = new Map<string, { readonly kinds: Set<JsonKind>; seen: number }>();
  let rows = 0;
  for await (const { values } of readLines(path)) {
    for (const [key, value] of values) {
      const guess = guesses.get(key) ?? { kinds: new Set(), seen: 0 };
      guesses.set(key, guess);
      if (value === null) continue;
      guess.kinds.add(kindOf(value));
      guess.seen++;
    }
    if (++rows === inferRows) break;
  }
  if (rows === 0) throw new HexzError("E_EMPTY", `${path} has no records`, { context: { path } });
  if (guesses.size === 0) throw new HexzError("E_INPUT", `${path} has records without keys`, { context: { path } });
  return Object.fromEntries(
    [...guesses].map(([key, { kinds, seen }]) => [key, fieldOf(joinKinds(kinds), seen < rows)]),
  );
}

function kindOf(value: unknown): JsonKind {
  if (typeof value === "bigint") return "int64";
  if (typeof value === "number") return integerKind(value);
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "utf8";
  if (Array.isArray(value) && value.every((item) => typeof item === "number")) {
    return value.every((item) => integerKind(item) === "int32") ? "list int32" : "list float64";
  }
  return "json";
}

function integerKind(value: number): "int32" | "int64" | "float64" {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) return "float64";
  return (value | 0) === value ? "int32" : "int64";
}

function joinKinds(kinds: ReadonlySet<JsonKind>): JsonKind {
  const all = [...kinds];
  if (all.length <= 1) return all[0] ?? "json";
  const only = (...allowed: JsonKind[]) => all.every((kind) => allowed.includes(kind));
  if (only("int32", "int64")) return "int64";
  if (only("int32", "float64")) return "float64";
  if (only("list int32", "list float64")) return "list float64";
  return "json";
}

function fieldOf(kind: JsonKind, isNullable: boolean): Field {
  const field =
    kind === "list int32" ? fields.list("int32") : kind === "list float64" ? fields.list("float64") : fields[kind]();
  return isNullable ? field.nullable() : field;
}

async function* readRecords<S extends Schema>(path: string, schema: S): AsyncGenerator<RecordInput<S>> {
  const entries = Object.entries(schema);
  for await (const { line, values } of readLines(path)) {
    const record = entries.map(([key, { spec }]) => {
      const value = values.get(key) ?? null;
      if (value === null && !spec.nullable && spec.type !== "json") {
        throw new HexzError(
          "E_INPUT",
          `${path}, line ${line}: key ${JSON.stringify(key)} is missing or null, expected ${spec.type}`,
          {
            context: { path, line, key, expected: spec.type },
          },
        );
      }
      return [key, spec.type === "json" ? withoutBigInts(value, key, line, path) : value];
    });
    // Each value is checked by `pack` against its field.
    yield Object.fromEntries(record) as RecordInput<S>;
  }
}

/** JSON text has no bigint: an integer past 2^53 inside nested data is refused rather than rounded. */
function withoutBigInts(value: unknown, key: string, line: number, path: string): unknown {
  JSON.stringify(value, (_, item) => {
    if (typeof item !== "bigint") return item;
    const message = `${path}, line ${line}: key ${JSON.stringify(key)} holds the integer ${item} past 2^53 in nested or mixed data`;
    throw new HexzError("E_INPUT", `${message}; write it as text`, { context: { path, line, key } });
  });
  return value;
}
