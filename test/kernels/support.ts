import fc from "fast-check";
import { expect } from "vitest";
import type { KernelMemory, Kernels } from "../../src/kernels/index.js";
import { createPlainKernels, createSharedMemory, createWasmKernels, RESERVED_BYTES } from "../../src/kernels/index.js";

/** Bytes that a property works in, up to the very end of the memory. */
export const WINDOW_BYTES = 65536;

/** A run of memory, filled with the same noise before each call, and both kernels over it. */
export interface Bench {
  readonly memory: KernelMemory;
  readonly wasm: Kernels;
  readonly plain: Kernels;
  /** Address of the first byte of the window. */
  readonly base: number;
}

/** The smallest memory: the window ends where it ends. */
export function lowBench(): Bench {
  return benchOver(createSharedMemory(WINDOW_BYTES));
}

/** The last bytes that 32-bit addresses reach. The pages between are never touched, so they take no memory. */
export function highBench(): Bench {
  return benchOver(createSharedMemory(2 ** 32));
}

function benchOver(memory: KernelMemory): Bench {
  memory.grow(memory.maximumBytes);
  const base = memory.maximumBytes - WINDOW_BYTES;
  if (base < RESERVED_BYTES) throw new RangeError(`the window begins at ${base}, among the reserved bytes`);
  return { memory, wasm: createWasmKernels(memory), plain: createPlainKernels(memory), base };
}

/** The window as bytes. */
export function windowOf({ memory, base }: Bench): Uint8Array {
  return new Uint8Array(memory.buffer, base, WINDOW_BYTES);
}

export interface Outcome<T> {
  readonly result: T;
  /** The window afterwards. */
  readonly bytes: Buffer;
}

/** Runs both kernels over the same window. */
export function runBoth<T>(bench: Bench, before: Uint8Array, call: (kernels: Kernels) => T): [Outcome<T>, Outcome<T>] {
  return [runOne(bench, before, () => call(bench.wasm)), runOne(bench, before, () => call(bench.plain))];
}

function runOne<T>(bench: Bench, before: Uint8Array, call: () => T): Outcome<T> {
  windowOf(bench).set(before);
  const result = call();
  return { result, bytes: Buffer.from(windowOf(bench)) };
}

/** Both give the same, and change nothing outside `[start, end)` of the window. */
export function expectSame<T>(
  bench: Bench,
  before: Uint8Array,
  [start, end]: readonly [number, number],
  call: (kernels: Kernels) => T,
): Outcome<T> {
  const [wasm, plain] = runBoth(bench, before, call);
  expect(wasm.result).toEqual(plain.result);
  expectEqualBytes(wasm.bytes, plain.bytes);
  expectEqualBytes(wasm.bytes.subarray(0, start), before.subarray(0, start));
  expectEqualBytes(wasm.bytes.subarray(end), before.subarray(end));
  return wasm;
}

/** Much faster than `toEqual` on many bytes. */
export function expectEqualBytes(actual: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(actual, expected) === 0) return;
  const at = actual.findIndex((byte, i) => byte !== expected[i]);
  const where = at < 0 ? Math.min(actual.length, expected.length) : at;
  expect({ at: where, byte: actual[where] }).toEqual({ at: where, byte: expected[where] });
}

/** Bytes without pattern, the same for a seed (xorshift32, Marsaglia 2003). */
export function noise(seed: number, length = WINDOW_BYTES): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = seed | 1;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer, 0, length);
}

export const seeds = fc.integer({ min: 1, max: 2 ** 31 });
