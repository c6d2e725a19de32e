import { type BigIntStats, close as closeDescriptor, constants, fstat, open, read } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { HexzError, type HexzErrorCode } from "../../errors.js";
import { assertRange } from "./check-range.js";
import type { RangeSource, ReadOptions } from "./port.js";

const openFile = promisify(open);
const closeFile = promisify(closeDescriptor);
const readFile = promisify(read);
const statFile = (descriptor: number): Promise<BigIntStats> => promisify(fstat)(descriptor, { bigint: true });

/** Node refuses to read more at once; a larger read is asked for in pieces. */
const MAX_READ_BYTES = 2 ** 30;

/** A {@link RangeSource} over a regular file of this machine. */
export interface LocalSource extends RangeSource {
  /** Any thread of this process may `pread` it while the source is open; it must not be used after `close()`. */
  readonly descriptor: number;
  /**
   * Asserts that the open file is still as long and as old as when it was opened. It costs one `fstat`, so `readInto` does it only for a short read.
   *
   * @throws HexzError `E_SOURCE_CHANGED`.
   */
  assertUnchanged(): Promise<void>;
}

/**
 * Opens a regular file. Reads are positional (`pread`), so they may overlap freely.
 *
 * @param path a path or a `file:` URL.
 * @throws HexzError `E_NOT_FOUND`, `E_IS_DIRECTORY`, `E_IO` (with `cause`).
 */
export async function openLocalSource(path: string | URL): Promise<LocalSource> {
  const name = path instanceof URL ? fileURLToPath(path) : path;
  // Without O_NONBLOCK, opening a FIFO would wait for a writer; for a regular file it changes nothing. Windows has neither.
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
  const descriptor = await openFile(name, flags).catch((cause: unknown) => {
    throw storageError(name, "cannot be opened", cause);
  });
  try {
    const stats = await statFile(descriptor);
    if (stats.isDirectory()) throw isDirectory(name);
    if (!stats.isFile()) throw new HexzError("E_IO", `${name} is not a regular file`, { context: { source: name } });
    return new LocalFile(name, descriptor, stats);
  } catch (error) {
    await closeFile(descriptor);
    throw error;
  }
}

class LocalFile implements LocalSource {
  readonly name: string;
  readonly size: number;
  readonly identity: string;
  readonly descriptor: number;
  readonly #reading = new Set<Promise<void>>();
  #closing: Promise<void> | undefined;

  constructor(name: string, descriptor: number, stats: BigIntStats) {
    this.name = name;
    this.descriptor = descriptor;
    this.size = Number(stats.size);
    this.identity = identityOf(stats);
  }

  async readInto(offset: number, target: Uint8Array, { signal }: ReadOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    this.#assertOpen();
    assertRange(this.name, offset, target.length, this.size);
    const reading = this.#fill(offset, target, signal);
    this.#reading.add(reading);
    try {
      await reading;
    } finally {
      this.#reading.delete(reading);
    }
  }

  async assertUnchanged(): Promise<void> {
    this.#assertOpen();
    await this.#compareStats();
  }

  close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #fill(offset: number, target: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    let filled = 0;
    while (filled < target.length) {
      signal?.throwIfAborted();
      const wanted = Math.min(target.length - filled, MAX_READ_BYTES);
      const { bytesRead } = await readFile(this.descriptor, target, filled, wanted, offset + filled).catch(
        (cause: unknown) => {
          throw storageError(this.name, `cannot be read at offset ${offset + filled}`, cause);
        },
      );
      if (bytesRead === 0) await this.#failShort(offset, filled, target.length);
      filled += bytesRead;
    }
    signal?.throwIfAborted();
  }

  /** The file ends too early: it was cut since it was opened, or its storage misbehaves. */
  async #failShort(offset: number, actual: number, expected: number): Promise<never> {
    await this.#compareStats();
    throw new HexzError("E_SHORT_READ", `${this.name} gave ${actual} of ${expected} bytes at offset ${offset}`, {
      context: { source: this.name, offset, expected, actual },
    });
  }

  async #compareStats(): Promise<void> {
    const stats = await statFile(this.descriptor).catch((cause: unknown) => {
      throw storageError(this.name, "cannot be examined", cause);
    });
    const identity = identityOf(stats);
    if (identity === this.identity) return;
    throw new HexzError("E_SOURCE_CHANGED", `${this.name} changed since it was opened; open it again`, {
      context: { source: this.name, expected: this.identity, actual: identity },
    });
  }

  async #finish(): Promise<void> {
    await Promise.allSettled(this.#reading);
    await closeFile(this.descriptor);
  }

  #assertOpen(): void {
    if (this.#closing === undefined) return;
    throw new HexzError("E_CLOSED", `${this.name} is closed`, { context: { source: this.name } });
  }
}

function identityOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}`;
}

function isDirectory(name: string): HexzError {
  return new HexzError("E_IS_DIRECTORY", `${name} is a directory; give a snapshot file`, { context: { source: name } });
}

function storageError(name: string, problem: string, cause: unknown): HexzError {
  const system = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
  if (system === "EISDIR") return isDirectory(name);
  const isMissing = system === "ENOENT" || system === "ENOTDIR";
  const code: HexzErrorCode = isMissing ? "E_NOT_FOUND" : "E_IO";
  const message = isMissing ? `${name} does not exist; check the path` : `${name} ${problem} (${system})`;
  return new HexzError(code, message, { context: { source: name, system }, cause });
}
