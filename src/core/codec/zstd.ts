import * as zlib from "node:zlib";
import { assertBlockLength, corruptBlock } from "./decode-check.js";
import type { Codec } from "./types.js";
import { assertZstdFrame } from "./zstd-frame.js";

/** Windows above this log are refused: 2^27 bytes. */
const MAX_WINDOW_LOG = 27;

/** The part of node:zlib that Node has from 22.15 on and the types of Node 20 do not know. */
interface NodeZstd {
  zstdDecompressSync(
    bytes: Uint8Array,
    options: { maxOutputLength: number; chunkSize: number; params: Record<number, number> },
  ): Uint8Array;
  readonly constants: { readonly ZSTD_d_windowLogMax: number };
}

const nodeZstd: NodeZstd | undefined = "zstdDecompressSync" in zlib ? (zlib as unknown as NodeZstd) : undefined;

/** The wasm build; it takes some 20 ms to load, so only whoever needs it does. */
type WasmZstd = typeof import("@bokuweb/zstd-wasm");
let wasm: WasmZstd | undefined;
let loading: Promise<void> | undefined;

/**
 * Codec 2: one zstd frame (RFC 8878). Always encoded by the same wasm build, so that the bytes do not depend on the version of Node; decoded by
 * node:zlib where it can, else by the wasm build.
 */
export const zstd: Codec = {
  id: 2,
  name: "zstd",
  levels: { min: 1, max: 19, default: 3 },
  load() {
    loading ??= loadWasm();
    return loading;
  },
  get canDecode() {
    return nodeZstd !== undefined || wasm !== undefined;
  },
  encode(raw, level) {
    assertBlockLength("zstd", raw.length);
    return loaded().compress(raw, level);
  },
  decodeAt({ memory }, from, storedLength, to, encodedLength) {
    const decoded = decodeFrame(new Uint8Array(memory.buffer, from, storedLength), encodedLength);
    if (decoded.length !== encodedLength) throw corruptBlock("zstd", `gave ${decoded.length} bytes`, encodedLength);
    new Uint8Array(memory.buffer, to, encodedLength).set(decoded);
  },
};

function loaded(): WasmZstd {
  if (wasm === undefined) throw new TypeError("zstd.load() must have resolved in this thread before it is used");
  return wasm;
}

function decodeFrame(stored: Uint8Array, encodedLength: number): Uint8Array {
  const decode = nodeZstd === undefined ? loaded().decompress : decoderOfNode(nodeZstd, encodedLength);
  try {
    assertZstdFrame(stored, encodedLength);
    return decode(stored);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw corruptBlock("zstd", `cannot decode the bytes (${why})`, encodedLength, cause);
  }
}

function decoderOfNode(node: NodeZstd, encodedLength: number): (stored: Uint8Array) => Uint8Array {
  const options = {
    maxOutputLength: Math.max(1, encodedLength),
    // One output buffer of the right size; the least that zlib takes is 64.
    chunkSize: Math.max(64, encodedLength),
    params: { [node.constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG },
  };
  return (stored) => node.zstdDecompressSync(stored, options);
}

/**
 * A second `init()` of the package in one thread swaps its memory under functions that keep the first one and so corrupts every later call. So it is
 * shared between copies of this module in the thread, and left out where someone else has called it.
 */
async function loadWasm(): Promise<void> {
  const build = await import("@bokuweb/zstd-wasm");
  const shared = globalThis as unknown as Record<symbol, Promise<void> | undefined>;
  const key = Symbol.for("hexz.zstd-wasm");
  shared[key] ??= isReady(build) ? Promise.resolve() : build.init();
  await shared[key];
  wasm = build;
}

function isReady({ compress }: WasmZstd): boolean {
  try {
    return compress(new Uint8Array(0), 1).length > 0;
  } catch {
    return false;
  }
}
