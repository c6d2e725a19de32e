import { HexzError } from "../../errors.js";

/** Reads of one source that are under way: closing waits for them, and refuses new ones. */
export class OpenReads {
  readonly #name: string;
  readonly #reading = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  /** @throws HexzError `E_CLOSED`. */
  assertOpen(): void {
    if (this.#closing === undefined) return;
    throw new HexzError("E_CLOSED", `${this.#name} is closed`, { context: { source: this.#name } });
  }

  async track<T>(reading: Promise<T>): Promise<T> {
    this.#reading.add(reading);
    try {
      return await reading;
    } finally {
      this.#reading.delete(reading);
    }
  }

  /** Runs `finish` once, after the last read has settled. */
  close(finish: () => Promise<void>): Promise<void> {
    this.#closing ??= Promise.allSettled(this.#reading).then(finish);
    return this.#closing;
  }
}
