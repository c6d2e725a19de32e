import { HexzError } from "../errors.js";
import { formatBytes } from "../util/byte-size.js";
import type { Arena, Slot } from "./arena.js";

/** Rooms of the arena that packages of tasks decode in, shared by the executors of a dataset. The first is there from the beginning, so that whoever waits for one waits for another's package to end. */
export class ScratchRooms {
  readonly #free: number[] = [];
  readonly #make: () => Slot | undefined;
  readonly #waiting = new Set<() => void>();
  #made = 1;

  /**
   * @param reserve Room in the arena; undefined where there is none.
   * @throws HexzError `E_LIMIT` where the arena has no room for one.
   */
  constructor(arena: Arena, bytes: number, reserve: (bytes: number) => Slot | undefined) {
    const first = arena.allocate(bytes);
    if (first === undefined) throw tooSmall(bytes, arena.limitBytes);
    this.#free.push(first.at);
    this.#make = () => reserve(bytes);
  }

  /** A room, or undefined: then `whenFree` is called as soon as one may be there. New ones are made as far as memory allows, up to `limit` in all. */
  take(limit: number, whenFree: () => void): number | undefined {
    const room = this.#free.pop() ?? (this.#made < limit ? this.#more() : undefined);
    if (room === undefined) this.#waiting.add(whenFree);
    return room;
  }

  #more(): number | undefined {
    const room = this.#make();
    if (room !== undefined) this.#made++;
    return room?.at;
  }

  give(room: number): void {
    this.#free.push(room);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const whenFree of waiting) whenFree();
  }
}

function tooSmall(bytes: number, limitBytes: number): HexzError {
  const message = `decoding a block takes ${formatBytes(bytes)}, cache.memory leaves ${formatBytes(limitBytes)}; raise cache.memory`;
  return new HexzError("E_LIMIT", message, { context: { bytes, limitBytes } });
}
