/**
 * The part of the JavaScript API of WebAssembly that the kernels use, so that neither these sources nor their declarations need the types of a browser.
 */

/** A memory that grows; `grow` is in pages of 64 KiB. */
export interface WasmMemory {
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}

/** A compiled module. Structured clone gives it to other threads without compiling it again. */
export interface KernelModule {
  /** Never there: makes the type differ from other objects. */
  readonly kernelModule?: never;
}

interface WebAssemblyApi {
  readonly Memory: new (options: { initial: number; maximum: number; shared: boolean }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => KernelModule;
  readonly Instance: new (
    module: KernelModule,
    imports: { env: { memory: WasmMemory } },
  ) => { readonly exports: unknown };
}

/** WebAssembly, where this runtime has it. */
export const webAssembly = (globalThis as { WebAssembly?: WebAssemblyApi }).WebAssembly;

/** Bytes of a page of wasm memory. */
export const PAGE_BYTES = 65536;
