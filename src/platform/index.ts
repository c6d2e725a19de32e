/**
 * The only place that asks the machine: cores, memory, time, randomness, threads. Everything else is a function of its arguments, so that orders and
 * bytes are the same everywhere.
 *
 * @module
 */
import { randomFillSync } from "node:crypto";
import { availableParallelism, totalmem } from "node:os";

export { type Clock, nowMs, randomFraction, sleep, systemClock, wallClockMs } from "./clock.js";
export { createWorkerPool, type RunOptions, type WorkerPool, type WorkerPoolOptions } from "./pool.js";

/** Cores this process may use, at least 1. */
export function availableCores(): number {
  return availableParallelism();
}

/** Threads of a pool where the caller does not say: one core stays for the calling thread. */
export function defaultThreads(): number {
  return Math.min(4, Math.max(1, availableCores() - 1));
}

/** Memory this process may use: that of the machine, or of its container where that is less. */
export function totalMemoryBytes(): number {
  const constrained = process.constrainedMemory?.() ?? 0;
  // 0 or a number beyond the machine means that there is no constraint.
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/** Unpredictable bytes: for names of temporary files, never for orders. */
export function randomBytes(lengthBytes: number): Uint8Array {
  return randomFillSync(new Uint8Array(lengthBytes));
}

/** Resolves in the next turn of the event loop, after timers and input had theirs. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The variables this process was started with. */
export function environment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}
