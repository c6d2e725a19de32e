import { statSync } from "node:fs";
import type { RecordSource } from "../dataset/types.js";
import { HexzError } from "../errors.js";
import { csv } from "./csv.js";
import { idx } from "./idx.js";
import { type ImagesOptions, images } from "./images.js";
import { jsonl } from "./jsonl.js";

export interface OpenSourceOptions extends Pick<ImagesOptions, "onBad" | "onSkip"> {
  /** One of {@link sourceNames}. @default by the input's name */
  readonly name?: string | undefined;
}

interface SourceFormat {
  readonly name: string;
  /** Whether an input looks like it. */
  readonly matches: (path: string) => boolean;
  readonly open: (inputs: readonly string[], options: OpenSourceOptions) => RecordSource;
}

/** One line per format. */
const FORMATS: readonly SourceFormat[] = [
  { name: "idx", matches: (path) => /idx\d-ubyte(\.gz)?$|\.idx(\.gz)?$/i.test(path), open: openIdx },
  { name: "csv", matches: (path) => /\.[ct]sv(\.gz)?$/i.test(path), open: (inputs) => csv(single("csv", inputs)) },
  {
    name: "jsonl",
    matches: (path) => /\.(jsonl|ndjson)(\.gz)?$/i.test(path),
    open: (inputs) => jsonl(single("jsonl", inputs)),
  },
  { name: "images", matches: isFolder, open: openImages },
];

/** Names of the formats that {@link openSource} knows. */
export function sourceNames(): string[] {
  return FORMATS.map(({ name }) => name);
}

/**
 * The source for inputs named on a command line: by `options.name`, else by the first input's name.
 *
 * @throws HexzError `E_INPUT` where no format fits.
 * @throws RangeError for more inputs than the format takes.
 */
export function openSource(inputs: readonly string[], options: OpenSourceOptions = {}): RecordSource {
  const [first = ""] = inputs;
  const format = FORMATS.find(({ name, matches }) =>
    options.name === undefined ? matches(first) : name === options.name,
  );
  if (format !== undefined) return format.open(inputs, options);
  const known = sourceNames().join(", ");
  const message =
    options.name === undefined
      ? `the format of ${first} cannot be told from its name`
      : `there is no source ${options.name}`;
  throw new HexzError("E_INPUT", `${message}; known are ${known}`, { context: { path: first } });
}

function openIdx(inputs: readonly string[]): RecordSource {
  const [first = "", second] = inputs;
  if (inputs.length > 2)
    throw new RangeError(`idx takes a file of images and one of labels, got ${inputs.length} files`);
  if (second === undefined) return idx(first);
  return /label/i.test(first) ? idx({ images: second, labels: first }) : idx({ images: first, labels: second });
}

function openImages(inputs: readonly string[], { onBad, onSkip }: OpenSourceOptions): RecordSource {
  return images(single("images", inputs), { onBad, onSkip });
}

function single(name: string, inputs: readonly string[]): string {
  const [first = ""] = inputs;
  if (inputs.length > 1)
    throw new RangeError(`${name} takes one input, got ${inputs.length}: pack each into its own snapshot`);
  return first;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
