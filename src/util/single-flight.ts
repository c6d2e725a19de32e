import { untilAborted } from "./abort.js";

/** One piece of shared work under way. */
interface Flight<V> {
  readonly controller: AbortController;
  readonly result: Promise<V>;
  waiters: number;
}

/**
 * Runs the same work once for all who ask while it is under way. Reference-counted: an abort releases its own caller at once, and the work itself
 * is aborted only when nobody waits any more.
 */
export class SingleFlight<K, V> {
  readonly #flights = new Map<K, Flight<V>>();

  /** Joins the work of `key`, or starts it. Rejects with the signal's reason where `signal` aborts first. */
  async run(key: K, start: (signal: AbortSignal) => Promise<V>, signal?: AbortSignal): Promise<V> {
    signal?.throwIfAborted();
    const flight = this.#flights.get(key) ?? this.#launch(key, start);
    flight.waiters++;
    try {
      return await (signal === undefined ? flight.result : untilAborted(flight.result, signal));
    } finally {
      flight.waiters--;
      if (flight.waiters === 0) this.#land(key, flight);
    }
  }

  /** Aborts all work under way: those who wait get `reason`. */
  abortAll(reason: unknown): void {
    for (const { controller } of this.#flights.values()) controller.abort(reason);
  }

  #launch(key: K, start: (signal: AbortSignal) => Promise<V>): Flight<V> {
    const controller = new AbortController();
    const result = untilAborted(start(controller.signal), controller.signal);
    const flight = { controller, result, waiters: 0 };
    this.#flights.set(key, flight);
    return flight;
  }

  /** Nobody waits: forgets the work, so that the next caller starts anew, and aborts what is left of it. */
  #land(key: K, flight: Flight<V>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
    flight.controller.abort();
  }
}
