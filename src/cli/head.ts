import type { Command } from "commander";
import { Option } from "commander";
import type { FieldSpec, SchemaSpec } from "../core/format/schema.js";
import { openDataset } from "../loader/index.js";
import type { CommonFlags } from "./command.js";
import { createCommand, createContext, integerIn } from "./command.js";
import { formatType } from "./inspect.js";
import type { CliIo } from "./io.js";
import { isArrayOfNumbers, recordToJson, toJsonText } from "./json.js";
import { openFile } from "./open.js";
import { formatCount, formatTable, printable, shorten } from "./text.js";

const NUMBERS_SHOWN = 8;
const CHARACTERS_SHOWN = 72;

interface HeadFlags extends CommonFlags {
  readonly records: number;
}

/** `hexz head`: the first records of a snapshot. */
export function headCommand(io: CliIo): Command {
  return createCommand("head", "Print the first records of a snapshot.", [
    ["hexz head -n 3 train.hxz", "three records, one line per field, long values cut"],
    [
      "hexz head --json -n 100 train.hxz",
      "whole records, one line of JSON each: 64-bit integers as strings, binary as base64",
    ],
  ])
    .argument("<file>", "the snapshot")
    .addOption(new Option("-n, --records <count>", "records to print").default(10).argParser(integerIn(0)))
    .action((file: string, flags: HeadFlags) => head(file, flags, io));
}

async function head(file: string, flags: HeadFlags, io: CliIo): Promise<void> {
  const { isJson, signal } = createContext(io, flags);
  await using dataset = await openDataset(await openFile(file), { signal });
  const count = Math.min(flags.records, dataset.length);
  for (let index = 0; index < count; index++) {
    const record = await dataset.get(index, { signal });
    const text = isJson ? recordToJson(record, dataset.schema) : formatRecord(index, record, dataset.schema);
    await io.stdout.write(`${text}\n`);
  }
}

function formatRecord(index: number, record: Readonly<Record<string, unknown>>, schema: SchemaSpec): string {
  const rows = Object.entries(schema).map(([name, field]) => [
    `  ${printable(name)}`,
    formatType(field),
    formatValue(record[name], field),
  ]);
  return `record ${formatCount(index)}\n${formatTable(rows)}`;
}

/** A value on one line: the first numbers of an array, the first characters of a text. */
export function formatValue(value: unknown, field: FieldSpec): string {
  if (value === null || value === undefined) return "null";
  if (isArrayOfNumbers(value)) {
    const isBinary = field.type === "binary";
    const size =
      isBinary || field.type === "list" ? `${formatCount(value.length)} ${isBinary ? "bytes" : "items"}: ` : "";
    const shown = Array.from({ length: Math.min(NUMBERS_SHOWN, value.length) }, (_, i) => String(value[i]));
    return `${size}${shown.join(" ")}${value.length > NUMBERS_SHOWN ? " …" : ""}`.trimEnd();
  }
  if (field.type === "json") return shorten(printable(toJsonText(value)), CHARACTERS_SHOWN);
  if (typeof value === "string") return shorten(printable(JSON.stringify(value)), CHARACTERS_SHOWN);
  return String(value);
}
