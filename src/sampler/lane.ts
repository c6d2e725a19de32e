import type { UnitIndex } from "../util/unit-index.js";
import type { Line } from "./line.js";
import type { Permutation } from "./permutation.js";

/** What all lanes of an epoch share. */
export interface LaneContext {
  readonly index: UnitIndex;
  readonly order: Permutation;
  readonly line: Line;
}

/** A lane: the records at `[start, end)` of the line, cut into windows of whole units (cut at the lane's own ends). */
export interface LaneShape {
  readonly start: number;
  readonly end: number;
  /** Units of the first window: fewer, so that the lanes change windows at different times. */
  readonly firstUnits: number;
  /** Units of every later window. */
  readonly units: number;
}

/** Which records of the line a window holds. */
export interface WindowSpan {
  /** Number of the window in its lane, from 0. */
  readonly window: number;
  /** Permuted units `[firstUnit, endUnit)`. */
  readonly firstUnit: number;
  readonly endUnit: number;
  /** Offset in the line of the first record of `firstUnit`; before `start` where the lane begins inside that unit. */
  readonly unitStart: number;
  /** Offsets `[start, end)` in the line. */
  readonly start: number;
  readonly end: number;
}

/** The `count` lanes of a line of `total` records: lane c has ⌈(total − c) / count⌉ of them and `window / count` units, the rest of that division going to the first lanes. */
export function laneShape(lane: number, count: number, total: number, window: number): LaneShape {
  const records = Math.floor(total / count);
  const longer = total % count;
  const start = lane * records + Math.min(lane, longer);
  const units = Math.max(1, Math.floor(window / count) + (lane < window % count ? 1 : 0));
  return {
    start,
    end: start + records + (lane < longer ? 1 : 0),
    firstUnits: Math.ceil((units * (lane + 1)) / count),
    units,
  };
}

/** The window that holds the record at `offset` of the line. */
export function locateWindow(context: LaneContext, shape: LaneShape, offset: number): WindowSpan {
  const laneUnit = context.line.unitAt(shape.start);
  const unit = context.line.unitAt(offset) - laneUnit;
  const window = unit < shape.firstUnits ? 0 : 1 + Math.floor((unit - shape.firstUnits) / shape.units);
  const firstUnit = laneUnit + (window === 0 ? 0 : shape.firstUnits + (window - 1) * shape.units);
  return measure(context, shape, window, firstUnit, context.line.recordsBefore(firstUnit));
}

/** The window after `span`, without a search. */
export function nextWindow(context: LaneContext, shape: LaneShape, span: WindowSpan): WindowSpan {
  return measure(context, shape, span.window + 1, span.endUnit, span.end);
}

function measure(
  { index, order }: LaneContext,
  shape: LaneShape,
  window: number,
  firstUnit: number,
  unitStart: number,
): WindowSpan {
  const endUnit = Math.min(firstUnit + (window === 0 ? shape.firstUnits : shape.units), index.units);
  let end = unitStart;
  for (let unit = firstUnit; unit < endUnit && end < shape.end; unit++) end += index.countOf(order.at(unit));
  const start = Math.max(unitStart, shape.start);
  return { window, firstUnit, endUnit, unitStart, start, end: Math.min(end, shape.end) };
}

/** Writes the numbers of a window's records, in the order of the line, to the front of `target`. */
export function listRecords({ index, order }: LaneContext, span: WindowSpan, target: Uint32Array | Float64Array): void {
  let offset = span.unitStart;
  let written = 0;
  for (let position = span.firstUnit; offset < span.end; position++) {
    const unit = order.at(position);
    const count = index.countOf(unit);
    const shift = index.startOf(unit) - offset; // from an offset of the line to a record number
    const end = Math.min(offset + count, span.end);
    for (let at = Math.max(offset, span.start); at < end; at++) target[written++] = at + shift;
    offset += count;
  }
}
