import type { Report } from "./report.js";
import type { Row } from "./types.js";

/** A report as the table of README.md. */
export function markdownTable({ made, machine, runs, rows }: Report): string {
  const head = ["measure", "data", "result", "its limit in the same run", "ratio", "target"];
  const lines = rows.map((row) => [row.measure, row.data, resultOf(row), limitOf(row), ratioOf(row), targetOf(row)]);
  const cells = [head, head.map(() => "---"), ...lines].map((line) => `| ${line.join(" | ")} |`);
  const caption = `Medians of ${runs} runs, ${made}, ${machine}; MB = 10^6 raw bytes. The ratio is result ÷ limit (for times the reverse).`;
  return `${cells.join("\n")}\n\n${caption}`;
}

/** A row for the terminal. */
export function formatRow(row: Row): string {
  const parts = [row.measure.padEnd(34), resultOf(row).padStart(12)];
  if (row.limit !== undefined) parts.push(`limit ${limitOf(row)}`, `ratio ${ratioOf(row)}`);
  if (row.target !== undefined) parts.push(`target ${targetOf(row)}`);
  return parts.join("  ");
}

function resultOf({ value, unit }: Row): string {
  return `${short(value)} ${unit}`;
}

function limitOf({ limit, unit }: Row): string {
  return limit === undefined ? "" : `${short(limit.value)} ${unit} (${limit.what})`;
}

function ratioOf({ ratio }: Row): string {
  return ratio === undefined ? "" : ratio.toFixed(2);
}

function targetOf({ target }: Row): string {
  return target === undefined ? "" : `${target.text}: ${target.met ? "met" : "missed"}`;
}

/** Two significant digits, or whole numbers. */
function short(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(2);
}
