import { Readable } from "node:stream";
import { parse } from "csv-parse";
import { isFixed } from "../core/format/schema.js";
import { fields } from "../dataset/fields.js";
import type { Field, RecordInput, RecordSource, Schema } from "../dataset/types.js";
import { HexzError } from "../errors.js";
import { assertInteger, assertKnownKeys } from "../util/options.js";
import { readInput } from "./read-input.js";
import { createSource } from "./source.js";
import { type ColumnGuess, joinKinds, kindOf, parseCell } from "./text-types.js";

export interface CsvOptions<S extends Schema = Schema> {
  /** The fields, by column name; columns that are not named are left out. @default found by reading the file */
  readonly schema?: S | undefined;
  /** @default "," or a tab for `.tsv` */
  readonly delimiter?: string | undefined;
  /** Whether the first row names the columns; otherwise they are `column_1` … @default true */
  readonly header?: boolean | undefined;
  /** Rows read to find the types. @default all */
  readonly inferRows?: number | undefined;
}

interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * A CSV file (RFC 4180; also tab-separated, with BOM, CRLF, quotes, gzip). Types are found by a first pass: the narrowest of int32, int64, float64 and bool that keeps every
 * cell exactly, else utf8; empty cells are null.
 *
 * @throws HexzError `E_INPUT` while reading, with the line: unbalanced quotes, too many or too few cells, duplicate columns, a cell that does not fit its type; `E_EMPTY`.
 * @example
 * await pack(csv("flights.csv.gz"), "flights.hxz");
 */
export function csv<S extends Schema = Schema>(path: string, options: CsvOptions<S> = {}): RecordSource<S> {
  assertKnownKeys("options", options, ["schema", "delimiter", "header", "inferRows"]);
  const { schema, inferRows } = options;
  if (inferRows !== undefined) assertInteger("options.inferRows", inferRows, 1);
  // Without a schema of the caller's, S is Schema itself.
  const readSchema = async () => schema ?? ((await inferSchema(path, options)) as S);
  return createSource(readSchema, (found) => readRecords(path, options, found));
}

async function* readRows(path: string, options: CsvOptions): AsyncGenerator<Row> {
  const delimiter = options.delimiter ?? (/\.tsv(\.gz)?$/i.test(path) ? "\t" : ",");
  const parser = parse({ bom: true, delimiter, info: true, relaxColumnCount: true, skipEmptyLines: true });
  const input = Readable.from(readInput(path));
  input.once("error", (error) => parser.destroy(error));
  input.pipe(parser);
  try {
    for await (const { record, info } of parser) yield { line: info.lines, cells: record };
  } catch (cause) {
    if (cause instanceof HexzError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HexzError("E_INPUT", `${path} is not valid CSV (${why})`, { context: { path }, cause });
  } finally {
    input.destroy();
    parser.destroy();
  }
}

/** Rows after the header, with the names of the columns; every row has as many cells. */
async function* readNamedRows(
  path: string,
  options: CsvOptions,
): AsyncGenerator<Row & { readonly names: readonly string[] }> {
  let names: readonly string[] | undefined;
  for await (const row of readRows(path, options)) {
    if (names === undefined) {
      names = columnNames(path, options.header === false ? row.cells.map(() => "") : row.cells);
      if (options.header !== false) continue;
    }
    if (row.cells.length !== names.length) {
      throw new HexzError(
        "E_INPUT",
        `${path}, line ${row.line}: ${row.cells.length} cells in a table of ${names.length} columns`,
        {
          context: { path, line: row.line, expected: names.length, actual: row.cells.length },
        },
      );
    }
    yield { ...row, names };
  }
  if (names === undefined) throw new HexzError("E_EMPTY", `${path} has no rows`, { context: { path } });
}

function columnNames(path: string, header: readonly string[]): readonly string[] {
  const names = header.map((name, i) => (name.trim() === "" ? `column_${i + 1}` : name.trim()));
  const twice = names.filter((name, i) => names.indexOf(name) !== i);
  if (twice.length > 0) {
    throw new HexzError("E_INPUT", `${path} has several columns named ${twice.join(", ")}; rename them`, {
      context: { path, columns: twice },
    });
  }
  return names;
}

async function inferSchema(path: string, options: CsvOptions): Promise<Schema> {
  const guesses = new Map<string, ColumnGuess>();
  let rows = 0;
  for await (const { names, cells } of readNamedRows(path, options)) {
    for (const [i, name] of names.entries()) {
      const guess = guesses.get(name) ?? { kinds: new Set(), hasMissing: false };
      guesses.set(name, guess);
      const cell = cells[i] ?? "";
      if (cell === "") guess.hasMissing = true;
      else guess.kinds.add(kindOf(cell));
    }
    if (++rows === options.inferRows) break;
  }
  if (rows === 0) throw new HexzError("E_EMPTY", `${path} has a header and no rows`, { context: { path } });
  return Object.fromEntries([...guesses].map(([name, guess]) => [name, fieldOf(guess)]));
}

function fieldOf({ kinds, hasMissing }: ColumnGuess): Field {
  const field = fields[joinKinds(kinds)]();
  return hasMissing ? field.nullable() : field;
}

async function* readRecords<S extends Schema>(
  path: string,
  options: CsvOptions<S>,
  schema: S,
): AsyncGenerator<RecordInput<S>> {
  for await (const { names, cells, line } of readNamedRows(path, options)) {
    const values = Object.entries(schema).map(([name, field]) => [
      name,
      parseField(cells[names.indexOf(name)], name, field, line, path),
    ]);
    // Every value was parsed by its field.
    yield Object.fromEntries(values) as RecordInput<S>;
  }
}

function parseField(cell: string | undefined, name: string, { spec }: Field, line: number, path: string): unknown {
  const where = `${path}, line ${line}, column ${JSON.stringify(name)}`;
  if (cell === undefined)
    throw new HexzError("E_INPUT", `${path} has no column ${JSON.stringify(name)}`, {
      context: { path, column: name },
    });
  if (cell === "" && spec.nullable) return null;
  const isScalar = !isFixed(spec) || spec.shape.length === 0;
  const value = isScalar ? parseCell(cell, spec) : undefined;
  if (value !== undefined) return value;
  const received = cell === "" ? "an empty cell" : JSON.stringify(cell.slice(0, 80));
  throw new HexzError("E_INPUT", `${where}: expected ${spec.type}${isScalar ? "" : " array"}, got ${received}`, {
    context: { path, line, column: name, expected: spec.type, received },
  });
}
