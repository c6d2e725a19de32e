import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { createTiles, type DrawTile, TILE } from "./images.js";
import { createRandom } from "./random.js";
import { createTexts } from "./texts.js";
import { CACHE, type Workload, type WorkloadData } from "./workloads.js";

const SEED = 20_240_613;
const GENERATOR = 1; // raised when the bytes change, so that older files are not used
const WRITE_BYTES = 4 * 2 ** 20;

/** The workload's files, made once and kept: the same bytes on every machine. */
export function workloadData(workload: Workload): WorkloadData {
  const directory = join(CACHE, "data", `${workload.name}-${workload.records}-v${GENERATOR}`);
  const meta = join(directory, "meta.json");
  if (!existsSync(meta)) generate(workload, directory);
  return { ...JSON.parse(readFileSync(meta, "utf8")), ...workload, directory };
}

function generate(workload: Workload, directory: string): void {
  console.log(`making ${workload.records} records of ${workload.name}`);
  const partial = `${directory}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const sums = workload.shape === undefined ? writeTexts(workload, partial) : writeImages(workload, partial);
  writeFileSync(join(partial, "meta.json"), `${JSON.stringify(sums)}\n`);
  renameSync(partial, directory);
}

type Sums = Pick<WorkloadData, "rowBytes" | "rawBytes" | "labelSum" | "rowSum">;

function writeImages({ records, shape = [] }: Workload, directory: string): Sums {
  const random = createRandom(SEED);
  const drawTile = createTiles(random);
  const rowBytes = shape.reduce((product, size) => product * size, 1);
  const row = new Uint8Array(rowBytes);
  const labels = new Int32Array(records);
  let [labelSum, rowSum] = [0, 0];
  using rows = createAppender(join(directory, "rows.bin"));
  for (let record = 0; record < records; record++) {
    const label = drawImage(drawTile, row, shape) * 100 + (random() % 100);
    labels[record] = label;
    labelSum += label;
    rowSum += row[0] ?? 0;
    rows.append(row);
  }
  writeFileSync(join(directory, "labels.bin"), labels);
  return { rowBytes, rawBytes: records * rowBytes, labelSum, rowSum };
}

/** Fills a square image of tiles; gives the class of the first. */
function drawImage(drawTile: DrawTile, row: Uint8Array, [side = 0, , channels = 0]: readonly number[]): number {
  const stride = side * channels;
  let first: number | undefined;
  for (let y = 0; y < side; y += TILE) {
    for (let x = 0; x < side; x += TILE) {
      const kind = drawTile(row, y * stride + x * channels, stride);
      first ??= kind;
    }
  }
  return first ?? 0;
}

function writeTexts({ records }: Workload, directory: string): Sums {
  const random = createRandom(SEED);
  const nextText = createTexts(random);
  const labels = new Int32Array(records);
  const offsets = new Uint32Array(records + 1);
  let labelSum = 0;
  using rows = createAppender(join(directory, "rows.bin"));
  for (let record = 0; record < records; record++) {
    const text = nextText();
    offsets[record + 1] = (offsets[record] ?? 0) + text.length;
    const label = random() % 1000;
    labels[record] = label;
    labelSum += label;
    rows.append(text);
  }
  writeFileSync(join(directory, "labels.bin"), labels);
  writeFileSync(join(directory, "offsets.bin"), offsets);
  const rawBytes = offsets[records] ?? 0;
  return { rowBytes: 0, rawBytes, labelSum, rowSum: rawBytes };
}

/** Writes pieces to a file through a large buffer. */
function createAppender(path: string): { append(piece: Uint8Array): void } & Disposable {
  const file = openSync(path, "w");
  const buffer = new Uint8Array(WRITE_BYTES);
  let used = 0;
  const flush = () => {
    writeSync(file, buffer, 0, used);
    used = 0;
  };
  return {
    append(piece) {
      if (used + piece.length > buffer.length) flush();
      buffer.set(piece, used);
      used += piece.length;
    },
    [Symbol.dispose]() {
      flush();
      closeSync(file);
    },
  };
}
