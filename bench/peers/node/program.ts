import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Job, PeerResult } from "../job.js";
import { CACHE, type WorkloadData } from "../workloads.js";

/** A batch as a training loop gets it: images one after another, or texts as UTF-8. */
export interface PeerBatch {
  readonly size: number;
  readonly labels: ArrayLike<number>;
  readonly images?: ArrayLike<number> | undefined;
  /** `size + 1` offsets into the bytes of all texts, or one array each. */
  readonly texts?: { readonly offsets: ArrayLike<number> } | readonly Uint8Array[] | undefined;
  readonly release?: (() => void) | undefined;
}

/** An opened peer. */
export interface PeerReader {
  readonly settings: string;
  readonly order: string;
  epoch(epoch: number): AsyncIterable<PeerBatch> | Iterable<PeerBatch>;
  close?(): Promise<void> | void;
}

/** A peer program in Node. */
export interface Peer {
  readonly version: string;
  /** Converts the raw files into `job.store`; left out where the raw files are read as they are. */
  readonly prepare?: (job: Job) => Promise<void> | void;
  readonly open: (job: Job) => Promise<PeerReader> | PeerReader;
}

/** Does what the command line asks of a peer. */
export async function runProgram(peer: Peer): Promise<void> {
  const [action, text = ""] = process.argv.slice(2);
  const job: Job = JSON.parse(text);
  if (action === "prepare") await peer.prepare?.(job);
  else console.log(JSON.stringify(await measure(peer, job)));
}

async function measure(peer: Peer, job: Job): Promise<PeerResult> {
  const startMs = performance.now();
  const reader = await peer.open(job);
  const warm = await timeEpoch(reader, 0, job);
  const epochs: Timed[] = [];
  for (let epoch = 1; epoch <= job.epochs; epoch++) epochs.push(await timeEpoch(reader, epoch, job));
  await reader.close?.();
  return {
    version: peer.version,
    settings: reader.settings,
    order: reader.order,
    recordsPerSecond: epochs.map(({ recordsPerSecond }) => recordsPerSecond),
    firstBatchMs: warm.firstBatchAtMs - startMs,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    partial: epochs.some(({ partial }) => partial),
  };
}

interface Timed {
  readonly recordsPerSecond: number;
  readonly firstBatchAtMs: number;
  readonly partial: boolean;
}

async function timeEpoch(reader: PeerReader, epoch: number, { data, limitSeconds }: Job): Promise<Timed> {
  const seen = { records: 0, labelSum: 0, rowSum: 0 };
  const startMs = performance.now();
  let first: { readonly atMs: number; readonly records: number } | undefined;
  for await (const batch of reader.epoch(epoch)) {
    consume(batch, data, seen);
    batch.release?.();
    const nowMs = performance.now();
    first ??= { atMs: nowMs, records: seen.records };
    if (nowMs - startMs > limitSeconds * 1000 && seen.records < data.records) break;
  }
  const endMs = performance.now();
  if (first === undefined) throw new Error("the epoch gave no batch");
  const partial = seen.records < data.records && endMs - startMs > limitSeconds * 1000;
  if (!partial) check(seen, data);
  const restMs = ((endMs - first.atMs) * (data.records - first.records)) / Math.max(1, seen.records - first.records);
  const epochMs = partial ? first.atMs - startMs + restMs : endMs - startMs;
  return { recordsPerSecond: (data.records / epochMs) * 1000, firstBatchAtMs: first.atMs, partial };
}

interface Seen {
  records: number;
  labelSum: number;
  rowSum: number;
}

/** Reads every label, and of every record the first byte or the length. */
function consume({ size, labels, images, texts }: PeerBatch, { rowBytes }: WorkloadData, seen: Seen): void {
  let labelSum = 0;
  let rowSum = 0;
  for (let i = 0; i < size; i++) labelSum += labels[i] ?? 0;
  if (images !== undefined) for (let i = 0; i < size; i++) rowSum += images[i * rowBytes] ?? 0;
  else if (Array.isArray(texts)) for (const text of texts) rowSum += text.length;
  else if (texts !== undefined && "offsets" in texts) rowSum += (texts.offsets[size] ?? 0) - (texts.offsets[0] ?? 0);
  seen.records += size;
  seen.labelSum += labelSum;
  seen.rowSum += rowSum;
}

function check(seen: Seen, { records, labelSum, rowSum }: WorkloadData): void {
  if (seen.records === records && seen.labelSum === labelSum && seen.rowSum === rowSum) return;
  const expected = JSON.stringify({ records, labelSum, rowSum });
  throw new Error(`the epoch gave ${JSON.stringify(seen)}, not ${expected}: records are missing, repeated or wrong`);
}

const requirePeer = createRequire(join(CACHE, "node", "package.json"));

/** A package of `node/packages.json`, which the runner installs outside of the project; the caller says what of it it uses. */
export function loadPackage<T>(name: string): { readonly module: T; readonly version: string } {
  const file = join(CACHE, "node", "node_modules", name, "package.json");
  return { module: requirePeer(name), version: JSON.parse(readFileSync(file, "utf8")).version };
}

/** All labels, small enough to hold. */
export function readLabels({ directory }: WorkloadData): Int32Array {
  const bytes = readFileSync(join(directory, "labels.bin"));
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

/** Where text `i` begins, and the end of the last; undefined for images. */
export function readOffsets({ directory, shape }: WorkloadData): Uint32Array | undefined {
  if (shape !== undefined) return undefined;
  const bytes = readFileSync(join(directory, "offsets.bin"));
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

/** Start and length of a record in `rows.bin`. */
export function rowRange(record: number, { rowBytes }: WorkloadData, offsets: Uint32Array | undefined) {
  if (offsets === undefined) return { start: record * rowBytes, bytes: rowBytes };
  const start = offsets[record] ?? 0;
  return { start, bytes: (offsets[record + 1] ?? 0) - start };
}

/** The largest text, or an image's size. */
export function largestRowBytes(data: WorkloadData, offsets: Uint32Array | undefined): number {
  if (offsets === undefined) return data.rowBytes;
  let largest = 0;
  for (let i = 0; i < data.records; i++) largest = Math.max(largest, rowRange(i, data, offsets).bytes);
  return largest;
}
