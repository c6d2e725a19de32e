import type { BlockEntry } from "../core/format/block-page.js";
import type { Slot } from "./arena.js";
import type { Executor } from "./executor.js";

/** Someone who waits for several blocks. */
export interface Waiter {
  missing: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A block that is wanted, under way, or in memory. */
export interface Resident {
  readonly block: number;
  readonly executor: Executor;
  state: "wanted" | "decoding" | "ready" | "failed";
  /** Planned uses that are still to come. */
  uses: number;
  /** Steps that need it right now. */
  pins: number;
  /** Step of the latest planned use: the farthest goes first when memory is short. */
  lastStep: number;
  attempts: number;
  /** In the kept set. */
  kept: boolean;
  /** Whether its planned use takes memory beside the kept set; it may leave that set meanwhile. */
  isCounted: boolean;
  entry: BlockEntry | undefined;
  slot: Slot | undefined;
  /** Room for its stored bytes while it is decoded, where no thread can read them itself. */
  staging: Slot | undefined;
  waiters: Waiter[];
}

/** A block nobody has asked for yet. */
export function createResident(block: number, executor: Executor): Resident {
  return {
    block,
    executor,
    state: "wanted",
    uses: 0,
    pins: 0,
    lastStep: -1,
    attempts: 0,
    kept: false,
    isCounted: false,
    entry: undefined,
    slot: undefined,
    staging: undefined,
    waiters: [],
  };
}

/** Those who wait for the block, once: whoever takes them tells them. */
export function takeWaiters(resident: Resident): Waiter[] {
  const { waiters } = resident;
  resident.waiters = [];
  return waiters;
}
