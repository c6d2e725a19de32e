import { HexzError, isHexzError } from "../../errors.js";
import { type Clock, systemClock } from "../../platform/clock.js";
import { AdaptiveLimit } from "./adaptive-limit.js";
import { assertRange } from "./check-range.js";
import { type ObjectVersion, validatorOf } from "./http-answer.js";
import { type RangeAnswer, type RangeRequest, readHttpRange } from "./http-range.js";
import { type HttpTransport, openTransport } from "./http-transport.js";
import { OpenReads } from "./open-reads.js";
import type { RangeSource, ReadOptions } from "./port.js";
import { Retrier } from "./retrier.js";
import type { ResolvedStorageOptions } from "./storage-options.js";
import { withCoalescing } from "./with-coalescing.js";
import { withLimits } from "./with-limits.js";
import { Meter, withMeter } from "./with-meter.js";
import { withRetry } from "./with-retry.js";
import { wrapSource } from "./wrap.js";

/** Read with the request that opens an object, and kept: the header of a snapshot, and all of a small one. */
const HEAD_BYTES = 64 * 1024;

/** Somebody waits for the opening, and a wrong address looks like a network that is down: say so after seconds, not minutes. */
const OPEN_ATTEMPTS = 5;

/** An object on a server, and how requests for it are authorized. */
export interface RemoteObject extends Pick<RangeRequest, "name" | "url" | "sign" | "explain"> {
  /** Part of the identity beside size and validator, e.g. the version of an object. @default the address without its query */
  readonly identity?: string | undefined;
}

/** What tests replace. */
export interface RemoteSeams {
  readonly clock?: Clock | undefined;
  readonly random?: (() => number) | undefined;
}

/**
 * Opens an object with one request, which learns its size and version and brings its first 64 KiB. Reads are coalesced, limited, retried and counted, in this order; each
 * request is conditional on the version.
 *
 * @throws HexzError as {@link readHttpRange}.
 */
export async function openRemoteObject(
  object: RemoteObject,
  options: ResolvedStorageOptions,
  { signal }: ReadOptions = {},
  { clock = systemClock, random }: RemoteSeams = {},
): Promise<RangeSource> {
  const limit = new AdaptiveLimit({ most: options.requests });
  const { attempts, timeoutMs } = options;
  const onAttempt = limit.observe.bind(limit);
  const retrier = new Retrier({ attempts, timeoutMs, clock, random, onAttempt });
  const meter = new Meter(clock);
  const transport = await openTransport({ ...options, clock });
  try {
    const driver = await openDriver(object, options, { transport, retrier, meter }, signal);
    const retried = withRetry(withMeter(driver, meter), retrier);
    const limited = withLimits(retried, { requests: limit, bytes: options.bytesInFlight });
    const coalesced = withCoalescing(limited, { ...options.coalesce, clock });
    return withHead(coalesced, driver.head, () => retrier.stop());
  } catch (error) {
    await transport.close();
    throw error;
  }
}

interface Tools {
  readonly transport: HttpTransport;
  readonly retrier: Retrier;
  readonly meter: Meter;
}

async function openDriver(
  object: RemoteObject,
  { allowUnpinned }: ResolvedStorageOptions,
  { transport, retrier, meter }: Tools,
  signal: AbortSignal | undefined,
): Promise<RemoteDriver> {
  const head = new Uint8Array(HEAD_BYTES);
  const read = (attemptSignal: AbortSignal) =>
    meter.count(
      () => readHttpRange(transport, { ...object, offset: 0, target: head, signal: attemptSignal }),
      ({ filledBytes }) => filledBytes,
    );
  const answer = await retrier.run(
    { name: object.name, bytes: head.length, attempts: OPEN_ATTEMPTS, run: read },
    signal,
  );
  if (!allowUnpinned && validatorOf(answer.version) === undefined) throw unpinned(object.name);
  return new RemoteDriver(object, transport, answer, head.subarray(0, answer.filledBytes));
}

function unpinned(name: string): HexzError {
  const message = `${name} has neither ETag nor Last-Modified, so that a change could go unnoticed; set storage.allowUnpinned to read it anyway`;
  return new HexzError("E_RANGE", message, { context: { source: name } });
}

/** One request per read, nothing else. */
class RemoteDriver implements RangeSource {
  readonly name: string;
  readonly size: number;
  readonly identity: string;
  readonly head: Uint8Array;
  readonly #object: RemoteObject;
  readonly #transport: HttpTransport;
  readonly #version: ObjectVersion;
  readonly #reads: OpenReads;
  /** Where requests were led last. */
  #location: URL;

  constructor(object: RemoteObject, transport: HttpTransport, answer: RangeAnswer, head: Uint8Array) {
    this.#object = object;
    this.#transport = transport;
    this.#version = answer.version;
    this.#location = answer.location;
    this.#reads = new OpenReads(object.name);
    this.name = object.name;
    this.size = answer.version.sizeBytes;
    this.identity = `${object.identity ?? object.name}:${this.size}:${validatorOf(answer.version) ?? ""}`;
    this.head = head;
  }

  async readInto(offset: number, target: Uint8Array, { signal }: ReadOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    this.#reads.assertOpen();
    assertRange(this.name, offset, target.length, this.size);
    if (target.length > 0) await this.#reads.track(this.#read(offset, target, signal));
  }

  close(): Promise<void> {
    return this.#reads.close(() => this.#transport.close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #read(offset: number, target: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    const location = this.#location;
    const request = { ...this.#object, version: this.#version, offset, target, signal };
    try {
      await readHttpRange(this.#transport, { ...request, location });
    } catch (error) {
      // An address that one is led to may be good for some minutes only: ask the first one again.
      const isStale = isHexzError(error, "E_ACCESS") || isHexzError(error, "E_NOT_FOUND");
      if (!isStale || location.href === this.#object.url.href) throw error;
      this.#location = (await readHttpRange(this.#transport, request)).location;
    }
  }
}

/** The same source with its first bytes at hand. Closing lets requests under way end, and tries none again. */
function withHead(source: RangeSource, head: Uint8Array, stopRetries: () => void): RangeSource {
  let isClosed = false;
  const close = (): Promise<void> => {
    isClosed = true;
    stopRetries();
    return source.close();
  };
  return wrapSource(source, {
    async readInto(offset, target, options = {}) {
      // The source refuses what is closed and aborted.
      const isHere = offset < head.length && !isClosed && options.signal?.aborted !== true;
      if (!isHere || target.length === 0) return source.readInto(offset, target, options);
      assertRange(source.name, offset, target.length, source.size);
      const here = head.subarray(offset, offset + target.length);
      target.set(here);
      if (here.length < target.length) await source.readInto(head.length, target.subarray(here.length), options);
    },
    close,
  });
}
