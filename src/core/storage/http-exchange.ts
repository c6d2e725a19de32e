import type { Dispatcher } from "undici";
import { HexzError, isHexzError } from "../../errors.js";
import type { Clock } from "../../platform/clock.js";
import { onAbort } from "../../util/abort.js";
import { networkError, timeoutError } from "./http-errors.js";
import type { HttpExchange, HttpHead, HttpReply } from "./http-transport.js";

/** What is kept of the body of an answer nobody asked for: enough for the code in an XML error. */
const MAX_TEXT_BYTES = 16 * 1024;
/** An exchange whose bytes take longer than its time at this rate gets more. */
const SLOWEST_BYTES_PER_MS = 1000;

/** How long each part of an exchange may take, and on which clock. */
export interface ExchangeLimits {
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  readonly firstByteTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly attemptTimeoutMs: number;
}

/** One exchange under way: a state machine fed by undici, the clock and the signal. It settles once and touches no buffer after. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #exchange: HttpExchange;
  readonly #limits: ExchangeLimits;
  readonly #resolve: (reply: HttpReply) => void;
  readonly #reject: (error: unknown) => void;
  readonly #endMs: number;
  readonly #forgetSignal: () => void;
  readonly #text: Uint8Array[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #phase: "connect" | "head" | "body" | "settled" = "connect";
  #progressMs: number;
  #cancelTimer = () => {};
  #head: HttpHead | undefined;
  #target: Uint8Array | undefined;
  #receivedBytes = 0;

  constructor(
    exchange: HttpExchange,
    limits: ExchangeLimits,
    resolve: (reply: HttpReply) => void,
    reject: (error: unknown) => void,
  ) {
    this.#exchange = exchange;
    this.#limits = limits;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#progressMs = limits.clock.nowMs();
    this.#endMs = this.#progressMs + Math.max(limits.attemptTimeoutMs, exchange.expectedBytes / SLOWEST_BYTES_PER_MS);
    this.#forgetSignal = onAbort(exchange.signal, () => this.#abort());
    this.#watch();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#phase === "settled") controller.abort(new Error("nobody waits any more"));
    else this.#advance("head");
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: HttpHead["headers"]): void {
    // Informational answers come before the real one.
    if (this.#phase === "settled" || status < 200) return;
    this.#head = { status, headers };
    this.#advance("body");
    try {
      this.#target = this.#exchange.bodyInto(this.#head);
    } catch (error) {
      this.fail(error);
    }
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#phase === "settled") return;
    this.#progressMs = this.#limits.clock.nowMs();
    if (this.#target === undefined) this.#keepText(chunk);
    else this.#fill(this.#target, chunk);
  }

  onResponseEnd(): void {
    if (this.#phase === "settled" || this.#head === undefined) return;
    this.#settle();
    const text = this.#target === undefined ? Buffer.concat(this.#text).toString("utf8") : "";
    this.#resolve({ ...this.#head, receivedBytes: this.#receivedBytes, text });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.fail(error);
  }

  fail(error: unknown): void {
    if (this.#phase === "settled") return;
    this.#settle();
    this.#reject(isHexzError(error) ? error : networkError(this.#exchange.name, error, this.#filledBytes()));
    this.#controller?.abort(new Error("the exchange failed"));
  }

  /** Ends it for everybody else; the error is as it is. */
  #abort(): void {
    if (this.#phase === "settled") return;
    this.#settle();
    this.#reject(this.#exchange.signal?.reason);
    this.#controller?.abort(new Error("aborted"));
  }

  #settle(): void {
    this.#phase = "settled";
    this.#cancelTimer();
    this.#forgetSignal();
  }

  #advance(phase: "head" | "body"): void {
    this.#phase = phase;
    this.#progressMs = this.#limits.clock.nowMs();
    this.#cancelTimer();
    this.#watch();
  }

  /** One timer at a time: when it fires it looks at what arrived since, and sleeps on for the rest. */
  #watch(): void {
    const { clock, connectTimeoutMs, firstByteTimeoutMs, idleTimeoutMs } = this.#limits;
    const patienceMs = { connect: connectTimeoutMs, head: firstByteTimeoutMs, body: idleTimeoutMs, settled: 0 };
    const dueMs = Math.min(this.#progressMs + patienceMs[this.#phase], this.#endMs);
    const leftMs = dueMs - clock.nowMs();
    if (leftMs > 0) this.#cancelTimer = clock.after(Math.ceil(leftMs), () => this.#watch());
    else this.fail(timeoutError(this.#exchange.name, this.#phase, this.#filledBytes()));
  }

  #fill(target: Uint8Array, chunk: Uint8Array): void {
    if (chunk.length > target.length - this.#receivedBytes) {
      this.fail(this.#tooLong(target.length));
      return;
    }
    target.set(chunk, this.#receivedBytes);
    this.#receivedBytes += chunk.length;
  }

  #keepText(chunk: Uint8Array): void {
    const room = MAX_TEXT_BYTES - this.#receivedBytes;
    // A copy: the chunk belongs to undici.
    if (room > 0) this.#text.push(Uint8Array.from(chunk.subarray(0, room)));
    this.#receivedBytes += chunk.length;
    if (chunk.length <= room) return;
    // What was kept is enough: the rest would only be thrown away.
    const controller = this.#controller;
    this.onResponseEnd();
    controller?.abort(new Error("the rest is not needed"));
  }

  #filledBytes(): number {
    return this.#target === undefined ? 0 : this.#receivedBytes;
  }

  #tooLong(expected: number): HexzError {
    const { name } = this.#exchange;
    return new HexzError("E_RANGE", `${name} sent more than the ${expected} bytes it was asked for`, {
      context: { source: name, expected, transient: true },
    });
  }
}
