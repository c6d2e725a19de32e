import { createIdHeap } from "../util/id-heap.js";
import type { Random } from "./random.js";

/** What the sources of an interleave are to get: of every `total` places source s gets `weights[s]`, integers whose sum `total` is. */
export interface Shares {
  readonly weights: Float64Array;
  readonly total: number;
}

/** A run of places: which source stands at each, and the places `[from, to)` between which it may stand. */
export interface Places {
  readonly sources: Uint32Array;
  readonly from: Float64Array;
  readonly to: Float64Array;
}

/** Gives out runs of places, of at most `capacity`. */
export interface Scheduler {
  /**
   * Gives out the places `[start, start + length)`.
   *
   * @param counts Places of each source before `start`; brought up to the end.
   * @returns Arrays of `capacity` that the next call overwrites.
   */
  run(start: number, length: number, counts: Float64Array): Places;
}

/**
 * Place number c of a source must lie in `[⌊c·total/weight⌋, ⌈(c + 1)·total/weight⌉)`, and then no source is ever a whole place away from its share (the
 * windows of "proportionate progress", Baruah, Cohen, Plaxton and Varvel 1996). Of the sources whose window has begun the one whose window ends first goes
 * first, which meets all windows since the fractional shares do (Steiner and Yeomans 1993, on level schedules). Simpler rules do not: with many sources the
 * largest deficit, and a split at each source in turn, stray by more than one place.
 */
export function createScheduler(shares: Shares, capacity: number): Scheduler {
  const { weights } = shares;
  const windows = createWindows(shares);
  const { begin, end } = windows;
  const ready = createIdHeap(end);
  const waiting = createCalendar(capacity, weights.length);
  const places = {
    sources: new Uint32Array(capacity),
    from: new Float64Array(capacity),
    to: new Float64Array(capacity),
  };

  function run(start: number, length: number, counts: Float64Array): Places {
    ready.clear();
    waiting.clear(length);
    // Sources are indices of all arrays with one entry a source.
    for (let source = 0; source < weights.length; source++) {
      if (weights[source] === 0) continue;
      windows.set(source, counts[source] as number);
      waiting.add(source, Math.max((begin[source] as number) - start, 0));
    }
    for (let place = 0; place < length; place++) {
      for (let source = waiting.first(place); source >= 0; source = waiting.next(source)) ready.push(source);
      // Windows that began in [0, place] are more than `place`, so one is open still.
      const source = ready.pop();
      places.sources[place] = source;
      places.from[place] = begin[source] as number;
      places.to[place] = end[source] as number;
      counts[source] = (counts[source] as number) + 1;
      windows.advance(source);
      waiting.add(source, Math.max((begin[source] as number) - start, place + 1));
    }
    return places;
  }

  return { run };
}

/** How far `jitter` carries a source step by step: enough to be on any rank of most worlds. */
const CARRY_LIMIT = 8;

/**
 * Moves the first `length` places about at random, each source inside its windows, so that no pattern falls in step with ranks that share the places:
 * of 3 : 1, always in the order 0, 0, 0, 1, only the last of four ranks would ever see the 1. First every source is carried back, then forward, by
 * exchanges of neighbours as far as windows allow and chance says; then places far apart are exchanged, for sources with long windows.
 */
export function jitter(places: Places, start: number, length: number, random: Random): void {
  const { from, to } = places;
  // All places are below the length of the arrays.
  const fromOf = (place: number) => (from[place] as number) - start;
  const toOf = (place: number) => (to[place] as number) - start;

  for (let place = length - 1; place > 0; place--) {
    const least = Math.max(fromOf(place), place - CARRY_LIMIT, 0);
    const goal = least < place ? least + random.below(place - least + 1) : place;
    for (let at = place; at > goal && toOf(at - 1) > at; at--) exchange(places, at - 1, at);
  }
  for (let place = 0; place < length - 1; place++) {
    const most = Math.min(toOf(place) - 1, place + CARRY_LIMIT, length - 1);
    const goal = most > place ? place + random.below(most - place + 1) : place;
    for (let at = place; at < goal && fromOf(at + 1) <= at; at++) exchange(places, at, at + 1);
  }
  for (let place = 0; place < length - 1; place++) {
    const most = Math.min(toOf(place), length) - 1;
    const other = most > place ? place + random.below(most - place + 1) : place;
    if (other > place && fromOf(other) <= place) exchange(places, place, other);
  }
}

function exchange({ sources, from, to }: Places, one: number, other: number): void {
  const source = sources[one] as number;
  const begin = from[one] as number;
  const end = to[one] as number;
  sources[one] = sources[other] as number;
  from[one] = from[other] as number;
  to[one] = to[other] as number;
  sources[other] = source;
  from[other] = begin;
  to[other] = end;
}

/** The window of every source's next place, moved on without a division: c·total/weight as a whole part and a remainder. */
function createWindows({ weights, total }: Shares) {
  const whole = weights.map((weight) => Math.floor(total / weight));
  const rest = weights.map((weight) => total % weight);
  const begin = new Float64Array(weights.length);
  const remainder = new Float64Array(weights.length);
  const end = new Float64Array(weights.length);

  // Sources are indices of every array here.
  function setEnd(source: number): void {
    const sum = (remainder[source] as number) + (rest[source] as number);
    const more = sum > (weights[source] as number) ? 2 : sum > 0 ? 1 : 0;
    end[source] = (begin[source] as number) + (whole[source] as number) + more;
  }

  return {
    begin,
    end,
    set(source: number, count: number): void {
      const quotient = multiplyDivide(count, total, weights[source] as number);
      begin[source] = quotient.whole;
      remainder[source] = quotient.remainder;
      setEnd(source);
    },
    advance(source: number): void {
      const weight = weights[source] as number;
      const sum = (remainder[source] as number) + (rest[source] as number);
      const carry = sum >= weight ? 1 : 0;
      begin[source] = (begin[source] as number) + (whole[source] as number) + carry;
      remainder[source] = sum - carry * weight;
      setEnd(source);
    },
  };
}

/** `a × b ÷ divisor` of integers from 0 to 2^53 − 1, exactly. */
export function multiplyDivide(a: number, b: number, divisor: number): { whole: number; remainder: number } {
  const product = a * b;
  if (Number.isSafeInteger(product)) {
    const remainder = product % divisor;
    return { whole: (product - remainder) / divisor, remainder };
  }
  const exact = BigInt(a) * BigInt(b);
  return { whole: Number(exact / BigInt(divisor)), remainder: Number(exact % BigInt(divisor)) };
}

/** Lists of sources by the place they wait for; what waits for a place past the end is left out. A source is in one list at a time. */
function createCalendar(capacity: number, sources: number) {
  const heads = new Int32Array(capacity);
  const nexts = new Int32Array(sources);
  let length = 0;
  return {
    clear(places: number): void {
      heads.fill(-1, 0, places);
      length = places;
    },
    add(source: number, place: number): void {
      if (place >= length) return;
      nexts[source] = heads[place] as number; // inside by the line above
      heads[place] = source;
    },
    first: (place: number) => heads[place] as number,
    next: (source: number) => nexts[source] as number,
  };
}
