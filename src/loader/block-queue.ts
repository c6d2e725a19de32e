import type { Resident } from "./resident.js";

/** Taken blocks are dropped from the front when there are this many. */
const COMPACT_AT = 1024;

/** Blocks to decode, in the order of first use. Some may not be wanted any more when their turn comes. */
export class BlockQueue {
  #blocks: Resident[] = [];
  #head = 0;

  get length(): number {
    return this.#blocks.length - this.#head;
  }

  get first(): Resident | undefined {
    return this.#blocks[this.#head];
  }

  push(resident: Resident): void {
    this.#blocks.push(resident);
  }

  /** Takes the first one out. */
  shift(): void {
    if (++this.#head >= COMPACT_AT) this.#compact();
  }

  #compact(): void {
    this.#blocks = this.#blocks.slice(this.#head);
    this.#head = 0;
  }

  /** Puts `urgent` before all others, in their order. */
  prioritise(urgent: readonly Resident[]): void {
    if (urgent.every((resident, i) => this.#blocks[this.#head + i] === resident)) return;
    const first = new Set(urgent);
    this.#compact();
    this.#blocks = [...urgent, ...this.#blocks.filter((resident) => !first.has(resident))];
  }

  clear(): void {
    this.#blocks = [];
    this.#head = 0;
  }
}
