import type { Command } from "commander";
import { codecById } from "../core/codec/index.js";
import { CUT_CONTENT } from "../core/format/header.js";
import type { FieldStatistics } from "../core/format/metadata.js";
import type { FieldSpec } from "../core/format/schema.js";
import { isFixed } from "../core/format/schema.js";
import type { Snapshot } from "../core/snapshot.js";
import { formatBytes } from "../util/byte-size.js";
import type { CommonFlags } from "./command.js";
import { createCommand, createContext } from "./command.js";
import type { CliIo } from "./io.js";
import { openSnapshotFile } from "./open.js";
import { formatCount, formatNumber, formatTable, plural, printable, shorten } from "./text.js";

const HISTOGRAM_BARS_SHOWN = 10;

/** `hexz inspect`: what a snapshot holds, from its header and metadata alone. */
export function inspectCommand(io: CliIo): Command {
  return createCommand("inspect", "Show what a snapshot holds: sizes, blocks, schema, statistics.", [
    ["hexz inspect train.hxz", "sizes, cut, codec and one line per field"],
    ["hexz inspect --json train.hxz", "the same and all statistics as one JSON document"],
  ])
    .argument("<file>", "the snapshot")
    .action((file: string, flags: CommonFlags) => inspect(file, flags, io));
}

async function inspect(file: string, flags: CommonFlags, io: CliIo): Promise<void> {
  const context = createContext(io, flags);
  await using snapshot = await openSnapshotFile(file, context.signal);
  const facts = describeSnapshot(snapshot);
  await context.report(facts, () => formatFacts(facts, snapshot, context.colors.bold));
}

/** The facts of a snapshot as plain data: the JSON document of `inspect`. */
export function describeSnapshot(snapshot: Snapshot) {
  const { header } = snapshot;
  return {
    file: snapshot.name,
    id: snapshot.id,
    kind: snapshot.kind,
    formatVersion: `1.${header.minorVersion}`,
    records: snapshot.length,
    rawBytes: header.rawBytes,
    storedBytes: header.storedBytes,
    fileBytes: header.fileLength,
    /** Raw bytes per byte of the file. */
    ratio: header.rawBytes / header.fileLength,
    blocks: {
      count: header.blocks,
      meanRawBytes: header.blocks === 0 ? 0 : header.rawBytes / header.blocks,
      largestRawBytes: header.maxRawLength,
      largestStoredBytes: header.maxStoredLength,
    },
    cut: describeCut(snapshot),
    codec: codecById(header.codec).name,
    level: header.level,
    checksum: header.checksum === 1 ? "CRC32" : "XXH64",
    schema: snapshot.schema,
    statistics: snapshot.statistics,
    user: snapshot.user,
  };
}

function describeCut({ header }: Snapshot) {
  if (header.cut === CUT_CONTENT) {
    const { smallestBlockBytes, targetBlockBytes, largestBlockBytes } = header;
    return { kind: "content", smallestBlockBytes, targetBlockBytes, largestBlockBytes };
  }
  return { kind: "fixed", targetBlockBytes: header.targetBlockBytes, recordsPerBlock: header.recordsPerBlock };
}

type Facts = ReturnType<typeof describeSnapshot>;

function formatFacts(facts: Facts, snapshot: Snapshot, bold: (text: string) => string): string {
  const { blocks, cut } = facts;
  const rows = [
    ["file", bold(printable(facts.file))],
    ["id", facts.id],
    ["kind", facts.kind],
    ...(facts.kind === "records" ? [["records", formatCount(facts.records)]] : []),
    ["raw", `${formatBytes(facts.rawBytes)} (${formatCount(facts.rawBytes)})`],
    ["stored", `${formatBytes(facts.storedBytes)} (${formatCount(facts.storedBytes)})`],
    [
      "size of file",
      `${formatBytes(facts.fileBytes)} (${formatCount(facts.fileBytes)}), ratio ${facts.ratio.toFixed(2)}`,
    ],
    [
      "blocks",
      `${formatCount(blocks.count)}, mean ${formatBytes(Math.round(blocks.meanRawBytes))} raw, largest ${formatBytes(blocks.largestRawBytes)}`,
    ],
    [
      "cut",
      `${cut.kind}, target ${formatBytes(cut.targetBlockBytes)}${cut.recordsPerBlock ? `, ${plural(cut.recordsPerBlock, "record")} a block` : ""}`,
    ],
    ["codec", facts.level === 0 ? facts.codec : `${facts.codec}, level ${facts.level}`],
    ["checksum", facts.checksum],
    ["format", facts.formatVersion],
  ];
  const schema = snapshot.schema === undefined ? "" : `\n\n${formatSchema(snapshot.schema, snapshot.statistics, bold)}`;
  return `${formatTable(rows)}${schema}`;
}

function formatSchema(
  schema: Readonly<Record<string, FieldSpec>>,
  statistics: Readonly<Record<string, FieldStatistics>>,
  bold: (text: string) => string,
): string {
  const head = ["field", "type", "nulls", "min", "max", "mean", "values"].map(bold);
  const rows = Object.entries(schema).map(([name, field]) => [
    printable(name),
    formatType(field),
    ...formatStatistics(Object.hasOwn(statistics, name) ? statistics[name] : undefined),
  ]);
  return formatTable([head, ...rows], [2, 3, 4, 5]);
}

/** `uint8[28,28,1]`, `list<float32>?`: a question mark for a field that may be null. */
export function formatType(field: FieldSpec): string {
  const shape = isFixed(field) ? (field.shape.length > 0 ? `[${field.shape.join(",")}]` : "") : "";
  const item = isFixed(field) || field.item === undefined ? "" : `<${field.item}>`;
  return `${field.type}${shape}${item}${field.nullable ? "?" : ""}`;
}

/** Cells of the statistics; those of fields without values are empty. They are informative and may come from any writer, so nothing is taken for granted. */
function formatStatistics(statistics: FieldStatistics | undefined): string[] {
  const number = (value: unknown) => (typeof value === "number" ? formatNumber(value) : "");
  const known: Partial<FieldStatistics> = statistics ?? {};
  const isLength = known.minLength !== undefined;
  return [
    number(known.nulls),
    number(isLength ? known.minLength : known.min),
    number(isLength ? known.maxLength : known.max),
    number(isLength ? known.meanLength : known.mean),
    isLength ? "(lengths)" : formatHistogram(known.histogram),
  ];
}

function formatHistogram(histogram: unknown): string {
  if (!Array.isArray(histogram)) return "";
  const bars = histogram
    .slice(0, HISTOGRAM_BARS_SHOWN)
    .map((bar: unknown) => (Array.isArray(bar) ? bar.join("×") : ""));
  const more = histogram.length > HISTOGRAM_BARS_SHOWN ? ` … (${histogram.length} values)` : "";
  return shorten(printable(bars.join(" ")), 120) + more;
}
