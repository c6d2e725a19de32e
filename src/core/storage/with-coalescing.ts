import { type Clock, systemClock } from "../../platform/clock.js";
import { onAbort } from "../../util/abort.js";
import { assertRange } from "./check-range.js";
import { COALESCE_DEFAULTS, type CoalesceLimits, planRequests, type Span, uncovered } from "./coalesce-plan.js";
import { OpenReads } from "./open-reads.js";
import type { RangeSource } from "./port.js";
import { wrapSource } from "./wrap.js";

export interface CoalesceOptions extends Partial<CoalesceLimits> {
  readonly clock?: Clock | undefined;
}

/**
 * The same source, asked for neighbouring ranges in one request. What is asked for within one turn of the event loop is planned together, so a caller who wants many ranges
 * calls `readInto` for all of them and then waits. Bytes that are on their way are not asked for again; a request is aborted when nobody waits for any of it.
 */
export function withCoalescing(source: RangeSource, options: CoalesceOptions = {}): RangeSource {
  const { clock = systemClock, ...limits } = options;
  const reads = new OpenReads(source.name);
  const queue = new ReadQueue(source, { ...COALESCE_DEFAULTS, ...limits }, clock);
  return wrapSource(source, {
    async readInto(offset, target, { signal } = {}) {
      signal?.throwIfAborted();
      reads.assertOpen();
      assertRange(source.name, offset, target.length, source.size);
      if (target.length > 0) await reads.track(queue.read(offset, target, signal));
    },
    close: () => reads.close(() => source.close()),
  });
}

/** One read of a caller. It is settled once; after that nothing is written to its target. */
interface Read extends Span {
  readonly target: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  missingBytes: number;
}

/** Bytes of a read that one request brings, or none yet. The parts of a read are disjoint. */
interface Part extends Span {
  readonly read: Read;
}

/** A request under way. Requests are disjoint. */
interface Request extends Span {
  parts: Part[];
  readonly controller: AbortController;
  /** The read whose target it fills directly, where it had only one to begin with. */
  readonly direct: Read | undefined;
}

/** Buffers kept for the next requests: fresh ones cost more in page faults than the copy out of them. */
const SPARE_BUFFERS = 4;

class ReadQueue {
  readonly #source: RangeSource;
  readonly #limits: CoalesceLimits;
  readonly #clock: Clock;
  readonly #requests = new Set<Request>();
  readonly #spares: Uint8Array[] = [];
  /** What the next flush plans, in the order it was asked for. */
  #wanted: Part[] = [];

  constructor(source: RangeSource, limits: CoalesceLimits, clock: Clock) {
    this.#source = source;
    this.#limits = limits;
    this.#clock = clock;
  }

  async read(offset: number, target: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    let forget = () => {};
    try {
      await new Promise<void>((resolve, reject) => {
        const span = { start: offset, end: offset + target.length };
        const read: Read = { ...span, target, resolve, reject, missingBytes: target.length };
        forget = onAbort(signal, () => this.#fail(read, signal?.reason));
        this.#want({ ...span, read });
      });
    } finally {
      forget();
    }
  }

  #want(part: Part): void {
    if (this.#wanted.length === 0) this.#clock.afterTurn(() => this.#flush());
    this.#wanted.push(part);
  }

  /** Joins what is on its way, plans requests for the rest, and sends first what was asked for first. */
  #flush(): void {
    const wanted = this.#wanted;
    this.#wanted = [];
    const onTheWay = [...this.#requests];
    for (const request of onTheWay) request.parts.push(...partsWithin(request, wanted));
    const missing = wanted.flatMap(({ read, ...span }) =>
      uncovered(span, onTheWay).map((free): Part => ({ ...free, read })),
    );
    const order = new Map(missing.map(({ read }, i) => [read, i]));
    const firstUse = (parts: readonly Part[]) => Math.min(...parts.map(({ read }) => order.get(read) ?? 0));
    const planned = planRequests(missing, this.#limits, onTheWay)
      .map((span) => ({ span, parts: partsWithin(span, missing) }))
      .sort((a, b) => firstUse(a.parts) - firstUse(b.parts));
    for (const { span, parts } of planned) void this.#send(span, parts);
  }

  /** Never rejects: what goes wrong goes to the reads that wait for it. */
  async #send(span: Span, parts: Part[]): Promise<void> {
    const { start, end } = span;
    const [only] = parts;
    const direct = parts.length === 1 && only?.start === start && only.end === end ? only.read : undefined;
    const request: Request = { start, end, parts, controller: new AbortController(), direct };
    this.#requests.add(request);
    const buffer = direct?.target.subarray(start - direct.start, end - direct.start) ?? this.#borrow(end - start);
    try {
      await this.#source.readInto(start, buffer, { signal: request.controller.signal });
      this.#requests.delete(request);
      // All copies before anybody who waits can touch the bytes of a direct read.
      for (const part of request.parts) if (part.read !== direct) copyPart(request, buffer, part);
      for (const part of request.parts) received(part);
    } catch (error) {
      this.#requests.delete(request);
      for (const { read } of request.parts) this.#fail(read, error);
    } finally {
      if (direct === undefined) this.#giveBack(buffer);
    }
  }

  /** Takes a read out of everything, so that its target is left alone, and lets go of requests nobody else wants. */
  #fail(read: Read, error: unknown): void {
    this.#wanted = this.#wanted.filter((part) => part.read !== read);
    for (const request of [...this.#requests]) {
      const others = request.parts.filter((part) => part.read !== read);
      if (others.length === request.parts.length) continue;
      request.parts = others;
      if (others.length > 0 && request.direct !== read) continue;
      this.#requests.delete(request);
      request.parts = [];
      // Those who had joined get the same bytes from a request of their own.
      for (const part of others) this.#want(part);
      request.controller.abort(error);
    }
    read.reject(error);
  }

  #borrow(lengthBytes: number): Uint8Array {
    const at = this.#spares.findIndex((spare) => spare.length >= lengthBytes);
    const [spare = new Uint8Array(lengthBytes)] = at < 0 ? [] : this.#spares.splice(at, 1);
    return spare.subarray(0, lengthBytes);
  }

  #giveBack(buffer: Uint8Array): void {
    if (this.#spares.length < SPARE_BUFFERS) this.#spares.push(new Uint8Array(buffer.buffer));
  }
}

/** What `span` holds of each part. */
function partsWithin(span: Span, parts: readonly Part[]): Part[] {
  return parts
    .map(({ read, start, end }) => ({ read, start: Math.max(span.start, start), end: Math.min(span.end, end) }))
    .filter(({ start, end }) => start < end);
}

function copyPart(request: Span, bytes: Uint8Array, { read, start, end }: Part): void {
  read.target.set(bytes.subarray(start - request.start, end - request.start), start - read.start);
}

function received({ read, start, end }: Part): void {
  read.missingBytes -= end - start;
  if (read.missingBytes === 0) read.resolve();
}
