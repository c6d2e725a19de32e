import { stripVTControlCharacters } from "node:util";

/** `10000` → `"10,000"`. */
export function formatCount(value: number): string {
  return value.toLocaleString("en-US");
}

/** A number as tables show it: whole ones grouped, others to four significant digits. */
export function formatNumber(value: number): string {
  if (Number.isSafeInteger(value)) return formatCount(value);
  return Math.abs(value) >= 1e-3 && Math.abs(value) < 1e6
    ? String(Number(value.toPrecision(4)))
    : value.toExponential(3);
}

/** `count` things: `"1 block"`, `"2 blocks"`. */
export function plural(count: number, thing: string): string {
  return `${formatCount(count)} ${thing}${count === 1 ? "" : "s"}`;
}

/** A span of time for people. */
export function formatMs(ms: number): string {
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 1000) return `${ms.toFixed(0)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1000)} s`;
}

/**
 * Text from a file made safe to print: control characters, which could move the cursor or hide what follows, become escapes; line feeds and tabs
 * too.
 */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it removes
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) =>
    character === "\n"
      ? "\\n"
      : character === "\t"
        ? "\\t"
        : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** `text` cut to `limit` characters, the cut shown. */
export function shorten(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`;
}

/** Rows as aligned columns, two spaces apart; `right` are the columns flush right. Colour codes count as nothing. */
export function formatTable(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...rows.map((row) => width(row[i] ?? ""))));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => {
        const padding = " ".repeat((widths[i] ?? 0) - width(cell));
        return right.includes(i) ? padding + cell : cell + padding;
      })
      .join("  ")
      .trimEnd();
  return rows.map(line).join("\n");
}

function width(cell: string): number {
  return stripVTControlCharacters(cell).length;
}
