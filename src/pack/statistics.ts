import type { FieldStatistics } from "../core/format/metadata.js";
import type { ColumnLayout, RowLayout } from "../core/format/row-layout.js";
import type { FixedField, SchemaSpec } from "../core/format/schema.js";
import { elementCount, isFixed } from "../core/format/schema.js";
import { fixedValues } from "./fixed-values.js";
import { ByteCounter, type Moments, mergeMoments, momentsOf, NO_MOMENTS } from "./moments.js";

/** More different values than this are no labels: no histogram is kept. */
const MAX_HISTOGRAM_VALUES = 256;

/** What one block says of one field. Plain data: workers send it. */
export interface FieldPart {
  readonly count: number;
  readonly nulls: number;
  /** Fixed fields: per index of a last axis of 2–4, else one of all elements. */
  readonly channels: readonly Moments[];
  /** Scalar integers and bools of few values. */
  readonly histogram: ReadonlyMap<number, number> | undefined;
  /** Variable fields: lengths in items. */
  readonly lengths: Moments | undefined;
}

/** Per field, in the order of the schema. */
export type BlockStatistics = readonly FieldPart[];

/** The statistics of one block of rows; pure. Values that are not finite are left out. */
export function blockStatistics(raw: Uint8Array, count: number, schema: SchemaSpec, rows: RowLayout): BlockStatistics {
  return rows.columns.map((column) => {
    const field = schema[column.name];
    const valid = validRows(raw, count, column, rows);
    const part = {
      count: valid.length,
      nulls: count - valid.length,
      channels: [],
      histogram: undefined,
      lengths: undefined,
    };
    if (field === undefined || !isFixed(field)) return { ...part, lengths: lengthsOf(raw, valid, column, rows) };
    return { ...part, ...fixedPart(raw, valid, field, column, rows) };
  });
}

/** The rows that have a value. */
function validRows(raw: Uint8Array, count: number, column: ColumnLayout, rows: RowLayout): Uint32Array {
  const valid = new Uint32Array(count);
  const at = rows.maskOffset + (column.nullBit >> 3);
  let length = 0;
  for (let row = 0; row < count; row++) {
    const isValid = column.nullBit < 0 || ((raw[row * rows.strideBytes + at] ?? 0) >> (column.nullBit & 7)) & 1;
    if (isValid) valid[length++] = row;
  }
  return valid.subarray(0, length);
}

function lengthsOf(raw: Uint8Array, valid: Uint32Array, column: ColumnLayout, rows: RowLayout): Moments {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  const lengths = Float64Array.from(
    valid,
    (row) => view.getUint32(row * rows.strideBytes + column.offset + 4, true) / column.itemBytes,
  );
  return momentsOf(lengths, 0, 1);
}

function fixedPart(
  raw: Uint8Array,
  valid: Uint32Array,
  field: FixedField,
  column: ColumnLayout,
  rows: RowLayout,
): Pick<FieldPart, "channels" | "histogram"> {
  const isScalar = field.shape.length === 0;
  const channels = channelCount(field);
  if (field.type === "uint8" && !isScalar) {
    return { channels: byteChannels(raw, valid, elementCount(field), channels, column, rows), histogram: undefined };
  }
  const values = fixedValues(raw, valid, field, column, rows);
  return {
    channels: Array.from({ length: channels }, (_, channel) => momentsOf(values, channel, channels)),
    histogram: isScalar && !field.type.startsWith("float") ? histogramOf(values) : undefined,
  };
}

/** 2–4 where the last axis has as many indices: colours, coordinates; else 1. */
function channelCount(field: FixedField): number {
  const last = field.shape.at(-1) ?? 1;
  return last <= 4 ? last : 1;
}

function byteChannels(
  raw: Uint8Array,
  valid: Uint32Array,
  elements: number,
  channels: number,
  column: ColumnLayout,
  rows: RowLayout,
): Moments[] {
  const counter = new ByteCounter(raw, channels);
  for (const row of valid) {
    const start = row * rows.strideBytes + column.offset;
    counter.add(start, start + elements);
  }
  return Array.from({ length: channels }, (_, channel) => counter.moments(channel));
}

function histogramOf(values: Float64Array): Map<number, number> | undefined {
  const histogram = new Map<number, number>();
  for (const value of values) {
    histogram.set(value, (histogram.get(value) ?? 0) + 1);
    if (histogram.size > MAX_HISTOGRAM_VALUES || !Number.isSafeInteger(value)) return undefined;
  }
  return histogram;
}

/** One field over the blocks seen so far. */
interface FieldTotal extends FieldPart {
  /** Pairs of values within one block, and how many of them are equal. */
  readonly pairs: number;
  readonly equalPairs: number;
}

/** Merges the statistics of blocks. Deterministic for a fixed order of blocks, whoever computed them. */
export class StatisticsBuilder {
  readonly #names: readonly string[];
  #totals: readonly FieldTotal[] | undefined;

  constructor(schema: SchemaSpec) {
    this.#names = Object.keys(schema);
  }

  /** Adds the next block. */
  add(block: BlockStatistics): void {
    const totals = this.#totals;
    this.#totals = block.map((part, i) => {
      const before = totals?.[i];
      const first = { ...part, ...pairsOf(part.histogram) };
      return before === undefined ? first : mergeTotals(before, first);
    });
  }

  finish(): Record<string, FieldStatistics> {
    // fromEntries defines own properties, so a field named __proto__ is data.
    return Object.fromEntries((this.#totals ?? []).map((total, i) => [this.#names[i] ?? "", fieldStatistics(total)]));
  }
}

/** Pairs of different records, and those of equal value. */
function pairsOf(histogram: ReadonlyMap<number, number> | undefined): { pairs: number; equalPairs: number } {
  let count = 0;
  let equalPairs = 0;
  for (const n of histogram?.values() ?? []) {
    count += n;
    equalPairs += (n * (n - 1)) / 2;
  }
  return { pairs: (count * (count - 1)) / 2, equalPairs };
}

function mergeTotals(a: FieldTotal, b: FieldTotal): FieldTotal {
  return {
    count: a.count + b.count,
    nulls: a.nulls + b.nulls,
    channels: a.channels.map((moments, i) => mergeMoments(moments, b.channels[i] ?? NO_MOMENTS)),
    histogram: mergeHistograms(a.histogram, b.histogram),
    lengths: a.lengths && b.lengths && mergeMoments(a.lengths, b.lengths),
    pairs: a.pairs + b.pairs,
    equalPairs: a.equalPairs + b.equalPairs,
  };
}

function mergeHistograms(a: FieldPart["histogram"], b: FieldPart["histogram"]): FieldPart["histogram"] {
  if (a === undefined || b === undefined) return undefined;
  const merged = new Map(a);
  for (const [value, n] of b) merged.set(value, (merged.get(value) ?? 0) + n);
  return merged.size > MAX_HISTOGRAM_VALUES ? undefined : merged;
}

function fieldStatistics(total: FieldTotal): FieldStatistics {
  const { count, nulls, channels, histogram, lengths } = total;
  const all = channels.reduce(mergeMoments, NO_MOMENTS);
  return {
    count,
    nulls,
    ...(all.count === 0 ? {} : { min: all.min, max: all.max }),
    // Sums of doubles near the end of their range overflow; JSON has no number for that.
    ...(isRepresentable(all) ? { mean: all.mean, std: deviation(all) } : {}),
    ...(channels.length < 2 || !channels.every(isRepresentable)
      ? {}
      : { channels: { mean: channels.map(({ mean }) => mean), std: channels.map(deviation) } }),
    ...(histogram === undefined || histogram.size === 0
      ? {}
      : { histogram: [...histogram].sort(([a], [b]) => a - b), rho: intraBlockCorrelation(total, histogram) }),
    ...(lengths === undefined || lengths.count === 0
      ? {}
      : { minLength: lengths.min, maxLength: lengths.max, meanLength: lengths.mean }),
  };
}

function isRepresentable({ count, mean, squares }: Moments): boolean {
  return count > 0 && Number.isFinite(mean) && Number.isFinite(squares);
}

/** Standard deviation of the whole set. `Math.sqrt` is exactly rounded, so the same everywhere. */
function deviation({ squares, count }: Moments): number {
  return Math.sqrt(Math.max(0, squares / count));
}

/**
 * How much likelier two records of one block are to have equal labels than any two: `(P within − P overall) / (1 − P overall)`, the intra-class
 * correlation of an indicator. 0: blocks are mixed; 1: each block has one label.
 */
function intraBlockCorrelation({ pairs, equalPairs }: FieldTotal, histogram: ReadonlyMap<number, number>): number {
  const overall = pairsOf(histogram);
  const expected = overall.equalPairs / overall.pairs;
  const rho = (equalPairs / pairs - expected) / (1 - expected);
  return Number.isFinite(rho) ? Math.min(1, Math.max(0, rho)) : 0;
}
