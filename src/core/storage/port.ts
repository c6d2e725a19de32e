/** Options of every call that may wait for storage. */
export interface ReadOptions {
  /** Aborts the call; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Random access to an immutable run of bytes: the one port between hexz and storage. Drivers (memory, local, …) and decorators
 * share it. The contract, tested by `test/core/storage/conformance.ts` against every implementation:
 *
 * - `readInto` fills all of `target` from `offset` or rejects; a short read is `E_SHORT_READ`, never zeros.
 * - a range outside `[0, size)` is a `RangeError`, before any I/O.
 * - a source that changed since it was opened is `E_SOURCE_CHANGED`.
 * - after `close()`, `readInto` rejects with `E_CLOSED`; `close()` twice is fine. Calls may overlap freely.
 */
export interface RangeSource extends AsyncDisposable {
  /** How errors call it: a path or an address without secrets. */
  readonly name: string;
  /** Bytes in all. */
  readonly size: number;
  /** Differs when the content may differ: for files device, inode, size and mtime. */
  readonly identity: string;
  /** A descriptor that any thread of this process may `pread` while the source is open (local files only). */
  readonly descriptor?: number;
  /** Fills `target` with the bytes `[offset, offset + target.length)`. `target` may be backed by shared memory and stays the caller's. */
  readInto(offset: number, target: Uint8Array, options?: ReadOptions): Promise<void>;
  /** What was asked of the storage so far (remote sources only). */
  readonly stats?: () => StorageStats;
  close(): Promise<void>;
}

/** Counters since the source was opened. */
export interface StorageStats {
  /** Requests sent, retries included. */
  readonly requests: number;
  /** Bytes received, those of failed requests included. */
  readonly bytes: number;
  /** Requests that failed, and of them those the server refused because of its load. */
  readonly errors: number;
  readonly throttled: number;
  /** Sum of the time all requests took. */
  readonly waitMs: number;
  readonly inFlight: number;
}
