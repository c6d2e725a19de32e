import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { markdownTable } from "./table.js";
import type { Row } from "./types.js";

/** What a whole run found. */
export interface Report {
  /** Day of the run, ISO 8601. */
  readonly made: string;
  readonly machine: string;
  readonly runs: number;
  readonly rows: readonly Row[];
}

const root = new URL("../../", import.meta.url);
const BEGIN = "<!-- bench:begin -->";
const END = "<!-- bench:end -->";

/** Writes `bench/results/latest.json` and puts the table between the markers of README.md. */
export async function writeReport(report: Report): Promise<void> {
  const results = new URL("bench/results/", root);
  await mkdir(results, { recursive: true });
  await writeFile(new URL("latest.json", results), `${JSON.stringify(report, undefined, 2)}\n`);
  const readme = fileURLToPath(new URL("README.md", root));
  await writeFile(readme, replaceTable(await readFile(readme, "utf8"), markdownTable(report)));
}

function replaceTable(readme: string, table: string): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`README.md must have the markers ${BEGIN} and ${END}, in this order`);
  return `${readme.slice(0, begin + BEGIN.length)}\n${table}\n${readme.slice(end)}`;
}
