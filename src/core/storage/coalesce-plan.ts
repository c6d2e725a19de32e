/** When ranges are read together. */
export interface CoalesceLimits {
  /** Ranges this far apart, or less, share a request: 0 joins only what touches. */
  readonly gapBytes: number;
  /** Longest request. A longer range is read in several. */
  readonly requestBytes: number;
  /** Largest part of a request that nobody asked for. */
  readonly waste: number;
}

/**
 * A round trip costs as much as the bytes that flow meanwhile: 15–30 ms at 50–90 MB/s of one connection are 0.75–2.7 MB. Requests of 8 MiB reach the full rate of object stores while
 * enough of them stay in flight.
 */
export const COALESCE_DEFAULTS: CoalesceLimits = { gapBytes: 2 ** 20, requestBytes: 8 * 2 ** 20, waste: 0.5 };

/** `[start, end)` of the source. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * The requests that read all of `spans` once: neighbours together, long ones cut, within the limits. Sorted by offset, disjoint. Pure.
 *
 * @param barriers spans that no request may reach over: they are on their way already. They do not overlap `spans`.
 * @example
 * planRequests([{ start: 0, end: 10 }, { start: 12, end: 20 }], COALESCE_DEFAULTS); // [{ start: 0, end: 20 }]
 */
export function planRequests(spans: readonly Span[], limits: CoalesceLimits, barriers: readonly Span[] = []): Span[] {
  const sorted = spans.filter(({ start, end }) => end > start).sort((a, b) => a.start - b.start || a.end - b.end);
  const requests: Span[] = [];
  let open: { start: number; end: number; usedBytes: number } | undefined;
  for (const span of sorted) {
    // What an earlier request reads already is not read again.
    const start = Math.max(span.start, open?.end ?? 0);
    if (start >= span.end) continue;
    if (open !== undefined && joins(open, start, span.end, limits) && isClear(open.end, start, barriers)) {
      open.usedBytes += span.end - start;
      open.end = span.end;
      continue;
    }
    if (open !== undefined) requests.push({ start: open.start, end: open.end });
    const pieces = cut({ start, end: span.end }, limits.requestBytes);
    const last = pieces.pop() ?? span;
    requests.push(...pieces);
    open = { start: last.start, end: last.end, usedBytes: last.end - last.start };
  }
  if (open !== undefined) requests.push({ start: open.start, end: open.end });
  return requests;
}

function joins(
  open: Span & { readonly usedBytes: number },
  start: number,
  end: number,
  { gapBytes, requestBytes, waste }: CoalesceLimits,
): boolean {
  const lengthBytes = end - open.start;
  const wastedBytes = lengthBytes - open.usedBytes - (end - start);
  return start - open.end <= gapBytes && lengthBytes <= requestBytes && wastedBytes <= waste * lengthBytes;
}

function isClear(start: number, end: number, barriers: readonly Span[]): boolean {
  return barriers.every((barrier) => barrier.end <= start || barrier.start >= end);
}

/** What of `span` none of `covers` covers; the covers are disjoint. Pure. */
export function uncovered(span: Span, covers: readonly Span[]): Span[] {
  const free: Span[] = [];
  let start = span.start;
  for (const cover of [...covers].sort((a, b) => a.start - b.start)) {
    if (cover.end <= start || cover.start >= span.end) continue;
    if (cover.start > start) free.push({ start, end: cover.start });
    start = cover.end;
  }
  if (start < span.end) free.push({ start, end: span.end });
  return free;
}

/** Equal pieces of at most `mostBytes`. */
function cut({ start, end }: Span, mostBytes: number): Span[] {
  const count = Math.max(1, Math.ceil((end - start) / mostBytes));
  const edge = (i: number) => start + Math.round(((end - start) * i) / count);
  return Array.from({ length: count }, (_, i) => ({ start: edge(i), end: edge(i + 1) }));
}
