import { Worker } from "node:worker_threads";
import { afterEach, expect, test, vi } from "vitest";
import {
  attachMemory,
  compileKernels,
  createKernels,
  createPlainKernels,
  createSharedMemory,
  createWasmKernels,
  RESERVED_BYTES,
} from "../../src/kernels/index.js";

afterEach(() => vi.unstubAllGlobals());

test("a memory begins small, grows to its limit and no further", () => {
  const memory = createSharedMemory(1_000_000);
  expect(memory.buffer.byteLength).toBe(RESERVED_BYTES);
  expect(memory.maximumBytes).toBe(RESERVED_BYTES + 16 * 65536);
  memory.grow(RESERVED_BYTES + 1);
  expect(memory.buffer.byteLength).toBe(RESERVED_BYTES + 65536);
  memory.grow(100);
  expect(memory.buffer.byteLength).toBe(RESERVED_BYTES + 65536);
  memory.grow(memory.maximumBytes);
  expect(memory.buffer.byteLength).toBe(memory.maximumBytes);
  expect(() => memory.grow(memory.maximumBytes + 1)).toThrow(RangeError);
});

test("a limit over the reach of 32-bit addresses is cut, one below 1 is refused", () => {
  expect(createSharedMemory(2 ** 40).maximumBytes).toBe(2 ** 32 - 65536);
  expect(() => createSharedMemory(0)).toThrow(RangeError);
});

test("views of a grown memory and of the one before see the same bytes", () => {
  const memory = createSharedMemory(2 ** 20);
  const before = new Uint8Array(memory.buffer);
  memory.grow(2 ** 20);
  const kernels = createPlainKernels(memory);
  new Uint8Array(memory.buffer)[RESERVED_BYTES - 1] = 7;
  memory.grow(memory.maximumBytes);
  kernels.copy(RESERVED_BYTES - 1, 1, memory.maximumBytes - 1);
  expect(new Uint8Array(memory.buffer)[memory.maximumBytes - 1]).toBe(7);
  expect(before[RESERVED_BYTES - 1]).toBe(7);
});

test("making kernels over a live memory changes no byte of it", () => {
  const memory = createSharedMemory(2 ** 20);
  memory.grow(memory.maximumBytes);
  const bytes = new Uint8Array(memory.buffer);
  bytes.forEach((_, i) => {
    bytes[i] = (i * 31 + 7) & 255;
  });
  const before = Buffer.from(bytes);
  const attached = attachMemory(memory.handle);
  createWasmKernels(attached, compileKernels());
  createKernels(attached).copy(0, 0, 0);
  createPlainKernels(attached);
  expect(Buffer.compare(Buffer.from(bytes), before)).toBe(0);
});

test("another thread gets memory and module by structured clone", async () => {
  const memory = createSharedMemory(2 ** 20);
  memory.grow(memory.maximumBytes);
  const source = `
    const { parentPort, workerData } = require("node:worker_threads");
    const { memory, module } = workerData;
    const { exports } = new WebAssembly.Instance(module, { env: { memory: memory.memory } });
    exports.copy(70000, 3, 80000);
    parentPort.postMessage(memory.maximumBytes);
  `;
  new Uint8Array(memory.buffer).set([1, 2, 3], 70000);
  const worker = new Worker(source, { eval: true, workerData: { memory: memory.handle, module: compileKernels() } });
  const answer = await new Promise((resolve, reject) => worker.on("message", resolve).on("error", reject));
  expect(answer).toBe(memory.maximumBytes);
  expect([...new Uint8Array(memory.buffer, 80000, 3)]).toEqual([1, 2, 3]);
  await worker.terminate();
});

test("without WebAssembly the memory is a buffer of full size, and the kernels are plain", async () => {
  vi.stubGlobal("WebAssembly", undefined);
  const kernels = await freshKernels();
  const memory = kernels.createSharedMemory(100_000);
  expect(memory.handle.memory).toBeInstanceOf(SharedArrayBuffer);
  expect(memory.buffer.byteLength).toBe(memory.maximumBytes);
  memory.grow(memory.maximumBytes);
  expect(() => memory.grow(memory.maximumBytes + 1)).toThrow(RangeError);
  expect(() => kernels.compileKernels()).toThrow(TypeError);
  expect(() => kernels.createWasmKernels(memory)).toThrow(TypeError);
  expectToCopy(kernels.createKernels(memory), memory.buffer);
});

test("where WebAssembly has no SIMD, the kernels are plain", async () => {
  class NoSimd {
    constructor() {
      throw new Error("invalid simd opcode");
    }
  }
  vi.stubGlobal("WebAssembly", { ...WASM, Memory: MEMORY, Module: NoSimd });
  const kernels = await freshKernels();
  const memory = kernels.createSharedMemory(100_000);
  memory.grow(memory.maximumBytes);
  expect(memory.handle.memory).toBeInstanceOf(MEMORY);
  expect(() => kernels.compileKernels()).toThrow(TypeError);
  expectToCopy(kernels.createKernels(memory), memory.buffer);
});

test("without shared memory the buffer is of one thread", async () => {
  vi.stubGlobal("SharedArrayBuffer", undefined);
  const kernels = await freshKernels();
  const memory = kernels.createSharedMemory(100_000);
  expect(memory.buffer).toBeInstanceOf(ArrayBuffer);
  expectToCopy(kernels.createKernels(memory), memory.buffer);
});

test("where the system has no address space for a memory of WebAssembly, it is a buffer", async () => {
  class NoMemory {
    constructor() {
      throw new RangeError("could not allocate memory");
    }
  }
  vi.stubGlobal("WebAssembly", { ...WASM, Memory: NoMemory });
  const kernels = await freshKernels();
  const memory = kernels.createSharedMemory(100_000);
  expect(memory.handle.memory).toBeInstanceOf(SharedArrayBuffer);
  expectToCopy(kernels.createKernels(memory), memory.buffer);
});

test("memory that the system does not give is E_LIMIT", () => {
  const denied = {
    buffer: new SharedArrayBuffer(65536),
    grow(): number {
      throw new RangeError("unable to grow");
    },
  };
  const memory = attachMemory({ memory: denied, maximumBytes: 2 * 65536 });
  expect(() => memory.grow(65537)).toThrow(expect.objectContaining({ code: "E_LIMIT" }));
});

/** The API that the types of Node 20 do not have. */
const WASM = (globalThis as unknown as { WebAssembly: { Memory: new () => object } }).WebAssembly;
/** Named, as the properties of WebAssembly are not spread. */
const MEMORY = WASM.Memory;

/** The module as a runtime with the globals of now loads it. */
function freshKernels(): Promise<typeof import("../../src/kernels/index.js")> {
  vi.resetModules();
  return import("../../src/kernels/index.js");
}

function expectToCopy(kernels: { copy(from: number, length: number, to: number): void }, buffer: ArrayBufferLike) {
  const bytes = new Uint8Array(buffer);
  bytes.set([1, 2, 3], 70000);
  kernels.copy(70000, 3, 80000);
  expect([...bytes.subarray(80000, 80003)]).toEqual([1, 2, 3]);
}
