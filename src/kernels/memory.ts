import { HexzError } from "../errors.js";
import { assertInteger } from "../util/options.js";
import { RESERVED_BYTES, writeTables } from "./tables.js";
import { PAGE_BYTES, type WasmMemory, webAssembly } from "./web-assembly.js";

/** One page short of 4 GiB, so that the address after the last byte is a u32 as well. */
const MAX_PAGES = 65535;

/** A memory as plain data: structured clone gives it to other threads, which {@link attachMemory} it. */
export interface MemoryHandle {
  /** A memory of WebAssembly, or where there is none a buffer of fixed size. */
  readonly memory: WasmMemory | ArrayBufferLike;
  readonly maximumBytes: number;
}

/** One memory that all threads of a dataset work in, addressed by byte offsets from 0. Nothing is given out below {@link RESERVED_BYTES}. */
export interface KernelMemory {
  readonly handle: MemoryHandle;
  /** All of it, as of now. Growing makes a new, longer buffer over the same bytes; views of the old one stay valid. */
  readonly buffer: ArrayBufferLike;
  /** The most bytes it can have, {@link RESERVED_BYTES} included. */
  readonly maximumBytes: number;
  /**
   * Makes the memory at least `bytes` long, counted from address 0; does nothing where it is.
   *
   * @throws RangeError above `maximumBytes`; HexzError `E_LIMIT` where the system has no more memory.
   */
  grow(bytes: number): void;
}

/**
 * Makes a memory for `limitBytes` besides the reserved ones, rounded up to pages of 64 KiB and cut to what 32-bit addresses reach (4 GiB less 128 KiB). It
 * begins small and takes address space, not memory, until it grows.
 *
 * Where the runtime has no shared WebAssembly memory, it is a buffer of that size at once: shared where possible, else of this thread only.
 *
 * @throws RangeError for a limit below 1.
 */
export function createSharedMemory(limitBytes: number): KernelMemory {
  assertInteger("limitBytes", limitBytes, 1);
  const pages = Math.min(MAX_PAGES, Math.ceil((limitBytes + RESERVED_BYTES) / PAGE_BYTES));
  const handle = { memory: newWasmMemory(pages) ?? newBuffer(pages * PAGE_BYTES), maximumBytes: pages * PAGE_BYTES };
  const memory = attachMemory(handle);
  writeTables(memory.buffer);
  return memory;
}

/** The memory of a handle, in this thread. Writes nothing. */
export function attachMemory(handle: MemoryHandle): KernelMemory {
  const { memory, maximumBytes } = handle;
  return isWasmMemory(memory) ? wasmMemory(handle, memory) : fixedMemory(handle, memory, maximumBytes);
}

/** Whether kernels of WebAssembly can work in it. */
export function isWasmMemory(memory: MemoryHandle["memory"]): memory is WasmMemory {
  return "buffer" in memory;
}

function wasmMemory(handle: MemoryHandle, memory: WasmMemory): KernelMemory {
  const { maximumBytes } = handle;
  return {
    handle,
    maximumBytes,
    get buffer() {
      return memory.buffer;
    },
    grow(bytes) {
      assertInteger("bytes", bytes, 0, maximumBytes);
      const missing = bytes - memory.buffer.byteLength;
      if (missing > 0) growBy(memory, Math.ceil(missing / PAGE_BYTES));
    },
  };
}

function growBy(memory: WasmMemory, pages: number): void {
  try {
    memory.grow(pages);
  } catch (cause) {
    const bytes = memory.buffer.byteLength + pages * PAGE_BYTES;
    const message = `the system gives no ${bytes} bytes of memory; lower cache.memory or close other programs`;
    throw new HexzError("E_LIMIT", message, { context: { bytes }, cause });
  }
}

function fixedMemory(handle: MemoryHandle, buffer: ArrayBufferLike, maximumBytes: number): KernelMemory {
  return { handle, maximumBytes, buffer, grow: (bytes) => assertInteger("bytes", bytes, 0, maximumBytes) };
}

/** Undefined where the runtime lacks shared WebAssembly memory, or the address space for this much. */
function newWasmMemory(pages: number): WasmMemory | undefined {
  try {
    if (webAssembly === undefined || typeof SharedArrayBuffer === "undefined") return undefined;
    return new webAssembly.Memory({ initial: RESERVED_BYTES / PAGE_BYTES, maximum: pages, shared: true });
  } catch {
    return undefined;
  }
}

function newBuffer(bytes: number): ArrayBufferLike {
  return typeof SharedArrayBuffer === "undefined" ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes);
}
