/**
 * The kernels in plain TypeScript, for runtimes without WebAssembly or its SIMD and for tests: receives and gives what `Kernels` says, the same bytes as the
 * module of `../assembly`, in simple loops. Invariant: only the runs a call names are touched.
 *
 * @module
 */
import type { KernelMemory } from "../memory.js";
import type { Kernels } from "../types.js";
import { gatherCast, gatherOneHot } from "./cast.js";
import { matchesCrc32, matchesXxh64 } from "./checksum.js";
import { gather, gatherBits, gatherItems, gatherOffsets } from "./gather.js";
import { decodeLz4 } from "./lz4.js";
import { scatter, scatterBits, writeSlots } from "./scatter.js";
import { byteShuffle, byteUnshuffle } from "./shuffle.js";
import { createViews } from "./views.js";

/** Kernels in plain TypeScript over any memory. */
export function createPlainKernels(memory: KernelMemory): Kernels {
  const views = createViews(memory);
  return {
    matchesXxh64: (...args) => matchesXxh64(views(), ...args),
    matchesCrc32: (...args) => matchesCrc32(views(), ...args),
    decodeLz4: (...args) => decodeLz4(views(), ...args),
    copy(from, lengthBytes, to) {
      views().bytes.copyWithin(to, from, from + lengthBytes);
    },
    clear(at, lengthBytes) {
      views().bytes.fill(0, at, at + lengthBytes);
    },
    byteShuffle: (...args) => byteShuffle(views(), ...args),
    byteUnshuffle: (...args) => byteUnshuffle(views(), ...args),
    scatter: (from, count, valueBytes, to, strideBytes) =>
      scatter(views(), from, count, valueBytes, valueBytes, to, strideBytes),
    pick: (from, count, valueBytes, strideBytes, to) =>
      scatter(views(), from, count, valueBytes, strideBytes, to, valueBytes),
    scatterBits: (...args) => scatterBits(views(), ...args),
    writeSlots: (...args) => writeSlots(views(), ...args),
    gather: (...args) => gather(views(), ...args),
    gatherBits: (...args) => gatherBits(views(), ...args),
    gatherOffsets: (...args) => gatherOffsets(views(), ...args),
    gatherItems: (...args) => gatherItems(views(), ...args),
    gatherCast: (...args) => gatherCast(views(), ...args),
    gatherOneHot: (...args) => gatherOneHot(views(), ...args),
  };
}
