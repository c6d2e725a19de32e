import type { Workbench } from "../../kernels/index.js";
import { createKernels, createSharedMemory, RESERVED_BYTES } from "../../kernels/index.js";

/** Stays for good: enough for blocks of some 8 MiB. It takes what the largest block so far took. */
const KEPT_BYTES = 2 ** 25;
/** Enough for a block of 64 MiB. */
const LARGE_BYTES = 2 ** 28 + 2 ** 20;

let kept: Workbench | undefined;
let large: WeakRef<Workbench> | undefined;

/**
 * A memory of this thread with `bytes` to use from address {@link RESERVED_BYTES} on, for work that ends before anything else runs in the thread: the next
 * call may give the same one, holding what was left in it.
 *
 * @throws HexzError `E_LIMIT` where the system has no more memory.
 */
export function threadBench(bytes: number): Workbench {
  const bench = bytes <= KEPT_BYTES ? keptBench() : largeBench();
  bench.memory.grow(RESERVED_BYTES + bytes);
  return bench;
}

function keptBench(): Workbench {
  kept ??= createBench(KEPT_BYTES);
  return kept;
}

/** Large blocks in a row use the same memory; it is collected when none has come for a while. */
function largeBench(): Workbench {
  const bench = large?.deref() ?? createBench(LARGE_BYTES);
  large = new WeakRef(bench);
  return bench;
}

function createBench(limitBytes: number): Workbench {
  const memory = createSharedMemory(limitBytes);
  return { memory, kernels: createKernels(memory) };
}
