import type { KernelMemory } from "./memory.js";
import { isWasmMemory } from "./memory.js";
import type { Kernels, NumberType } from "./types.js";
import { WASM_BASE64 } from "./wasm-bytes.js";
import { type KernelModule, webAssembly } from "./web-assembly.js";

/** The numbers of the types in assembly/cast.ts are the indexes. */
const NUMBER_TYPES: readonly NumberType[] = [
  "uint8",
  "int8",
  "uint16",
  "int16",
  "uint32",
  "int32",
  "uint64",
  "int64",
  "float16",
  "float32",
  "float64",
];

/** What assembly/index.ts exports. Addresses come back as i32, truths as 0 or 1. */
interface KernelExports
  extends Omit<Kernels, "matchesXxh64" | "matchesCrc32" | "gatherItems" | "gatherCast" | "gatherOneHot"> {
  matchesXxh64(at: number, lengthBytes: number, low: number, high: number): number;
  matchesCrc32(at: number, lengthBytes: number, crc: number): number;
  gatherItems(rows: number, bases: number, count: number, offset: number, to: number): number;
  castFields(
    rows: number,
    count: number,
    offset: number,
    elements: number,
    type: number,
    scale: number,
    bias: number,
    period: number,
    to: number,
    half: number,
  ): void;
  gatherOneHot(
    rows: number,
    count: number,
    offset: number,
    type: number,
    classes: number,
    to: number,
    bytes: number,
  ): number;
}

/** Undefined before the first attempt. */
let compiled: { readonly module: KernelModule | undefined } | undefined;

/** Whether this runtime can compile the kernels: it has WebAssembly with SIMD and threads. */
export function canCompileKernels(): boolean {
  compiled ??= { module: tryToCompile() };
  return compiled.module !== undefined;
}

/**
 * The compiled kernels; the same object every time. The first call takes some milliseconds.
 *
 * @throws TypeError where the runtime has no WebAssembly with SIMD and threads.
 */
export function compileKernels(): KernelModule {
  if (canCompileKernels() && compiled?.module !== undefined) return compiled.module;
  throw new TypeError("this runtime has no WebAssembly with SIMD and threads");
}

function tryToCompile(): KernelModule | undefined {
  try {
    return webAssembly && new webAssembly.Module(wasmBytes());
  } catch {
    return undefined; // a CompileError: some instruction is unknown to it
  }
}

/**
 * Kernels in WebAssembly over `memory`. Reads and writes nothing of it by itself: any number of threads may have their own over one memory.
 *
 * @throws TypeError where the memory is not WebAssembly's, or the runtime cannot compile them.
 */
export function createWasmKernels(memory: KernelMemory, module: KernelModule = compileKernels()): Kernels {
  const raw = memory.handle.memory;
  if (webAssembly === undefined || !isWasmMemory(raw)) throw new TypeError("memory must be one of WebAssembly");
  const { exports } = new webAssembly.Instance(module, { env: { memory: raw } });
  // The module is built from assembly/index.ts, which exports these.
  return wrap(exports as KernelExports);
}

function wrap(wasm: KernelExports): Kernels {
  return {
    ...wasm,
    matchesXxh64: (at, lengthBytes, low, high) => wasm.matchesXxh64(at, lengthBytes, low, high) !== 0,
    matchesCrc32: (at, lengthBytes, crc) => wasm.matchesCrc32(at, lengthBytes, crc) !== 0,
    gatherItems: (rows, bases, count, offset, to) => wasm.gatherItems(rows, bases, count, offset, to) >>> 0,
    gatherCast(rows, count, offset, elements, type, scale, bias, period, to, result) {
      const half = result === "float16" ? 1 : 0;
      wasm.castFields(rows, count, offset, elements, NUMBER_TYPES.indexOf(type), scale, bias, period, to, half);
    },
    gatherOneHot(rows, count, offset, type, classes, to, result) {
      const bytes = result === "uint8" ? 1 : 0;
      return wasm.gatherOneHot(rows, count, offset, NUMBER_TYPES.indexOf(type), classes, to, bytes);
    },
  };
}

function wasmBytes(): Uint8Array {
  return Uint8Array.from(atob(WASM_BASE64), (character) => character.charCodeAt(0));
}
