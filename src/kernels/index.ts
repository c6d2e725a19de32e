/**
 * The inner loops: checksums, LZ4, rows ↔ columns, gathering and casting, on addresses of one memory that all threads of a dataset share.
 *
 * Receives addresses and lengths that the arena gave out, and content that nobody trusts; gives results in the same memory. Two implementations of one
 * interface: WebAssembly with SIMD, built from `assembly/` by `npm run build`, and plain TypeScript (`plain/`) where a runtime lacks it; both give the
 * same bytes. Invariants: nothing is allocated or copied on a call; nothing is written outside the runs a call names; making kernels writes nothing,
 * so a thread may join a live memory.
 *
 * @module
 */
import type { KernelMemory } from "./memory.js";
import { isWasmMemory } from "./memory.js";
import { createPlainKernels } from "./plain/index.js";
import type { Kernels } from "./types.js";
import { canCompileKernels, createWasmKernels } from "./wasm.js";
import type { KernelModule } from "./web-assembly.js";

export type { KernelMemory, MemoryHandle } from "./memory.js";
export { attachMemory, createSharedMemory } from "./memory.js";
export { createPlainKernels } from "./plain/index.js";
export { RESERVED_BYTES } from "./tables.js";
export type { Kernels, NumberType } from "./types.js";
export { compileKernels, createWasmKernels } from "./wasm.js";
export type { KernelModule } from "./web-assembly.js";

/** A memory and the kernels over it: what code that works in place is handed. */
export interface Workbench {
  readonly memory: KernelMemory;
  readonly kernels: Kernels;
}

/**
 * The fastest kernels this runtime has over `memory`: WebAssembly where memory and runtime allow it, else plain TypeScript.
 *
 * @param module From {@link compileKernels} of another thread; compiled here where absent.
 */
export function createKernels(memory: KernelMemory, module?: KernelModule): Kernels {
  const hasWasm = isWasmMemory(memory.handle.memory) && (module !== undefined || canCompileKernels());
  return hasWasm ? createWasmKernels(memory, module) : createPlainKernels(memory);
}
