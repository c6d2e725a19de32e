import type { Arena, Slot } from "./arena.js";
import type { Resident } from "./resident.js";

/**
 * Who has memory, and who gives it up. Three parts of one arena: blocks with a planned use; the *kept* set, filled once with blocks whose use is over and then left alone, so that
 * every later epoch finds its share of the data in memory whatever its order ("MinIO", Mohan et al., "Analyzing and Mitigating Data Stalls in DNN Training", VLDB 2021);
 * and idle blocks, which go first, longest unused first.
 */
export class BlockMemory {
  readonly #arena: Arena;
  /** What the kept set may take. A lower limit takes nothing away. */
  keepLimitBytes = 0;
  #keptBytes = 0;
  /** Ready, unplanned, not kept: oldest first. */
  readonly #idle = new Map<number, Resident>();
  /** Gone from memory; the store forgets it. */
  readonly #onEvict: (resident: Resident) => void;
  evictions = 0;
  /** Steps that count on every block staying where it is: nothing is evicted while there are any. */
  holds = 0;

  constructor(arena: Arena, onEvict: (resident: Resident) => void) {
    this.#arena = arena;
    this.#onEvict = onEvict;
  }

  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** A block whose last planned use is over: kept while there is room in the kept set, else idle. */
  retire(resident: Resident): void {
    const bytes = resident.slot?.bytes ?? 0;
    if (!resident.kept && this.#keptBytes + bytes <= this.keepLimitBytes) {
      resident.kept = true;
      this.#keptBytes += bytes;
    }
    if (!resident.kept) this.#idle.set(resident.block, resident);
  }

  /** A block in memory has a planned use again. */
  recall(resident: Resident): void {
    this.#idle.delete(resident.block);
  }

  /** Room that idle blocks give up, or undefined. */
  reserve(bytes: number): Slot | undefined {
    for (;;) {
      const slot = this.#arena.allocate(bytes);
      if (slot !== undefined) return slot;
      const [oldest] = this.holds > 0 ? [] : this.#idle.values();
      if (oldest === undefined) return undefined;
      this.#evict(oldest);
    }
  }

  /** Room at any price, for what is needed now: kept blocks give way too, then those of `residents` that are needed farthest ahead. */
  reserveNow(bytes: number, residents: ReadonlyMap<number, Resident>): Slot | undefined {
    for (;;) {
      const slot = this.reserve(bytes);
      if (slot !== undefined) return slot;
      const victim = this.holds > 0 ? undefined : farthest(residents.values());
      if (victim === undefined) return undefined;
      this.#evict(victim);
    }
  }

  #evict(resident: Resident): void {
    this.evictions++;
    this.release(resident);
    this.#onEvict(resident);
  }

  /** The block's memory is free again. */
  release(resident: Resident): void {
    if (resident.slot === undefined) return;
    if (resident.kept) this.#keptBytes -= resident.slot.bytes;
    resident.kept = false;
    this.#idle.delete(resident.block);
    this.#arena.free(resident.slot);
    resident.slot = undefined;
  }

  clear(): void {
    this.#idle.clear();
  }
}

/** Kept blocks without a use count as the farthest of all. */
function farthest(residents: Iterable<Resident>): Resident | undefined {
  let found: Resident | undefined;
  let foundStep = -1;
  for (const resident of residents) {
    if (resident.state !== "ready" || resident.pins > 0) continue;
    const step = resident.uses > 0 ? resident.lastStep : Number.POSITIVE_INFINITY;
    if (step <= foundStep) continue;
    found = resident;
    foundStep = step;
  }
  return found;
}
