import type { ResolvedStorageOptions } from "../core/storage/index.js";
import { createFileOutputs } from "./file-output.js";
import type { FileSystem } from "./file-system.js";
import { createS3Outputs } from "./s3-output.js";

/** How a finished snapshot is published. */
export interface PublishRequest {
  /** Replace what is there already. */
  readonly overwrite: boolean;
  /** Read it as anyone will before it is called published, as far as the storage allows. */
  readonly verify: boolean;
  /** Of the snapshot, in hex. */
  readonly id: string;
  readonly signal: AbortSignal | undefined;
}

/** A snapshot being written: it appears at its destination whole or not at all. Disposing of it unpublished leaves nothing behind. */
export interface Output extends AsyncDisposable {
  /** Writes all of `bytes`: at the end or, once everything else is written, at the very beginning. `bytes` may be reused afterwards. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Makes what was written durable, where the storage can before it is published. */
  sync(): Promise<void>;
  /** @throws HexzError `E_EXISTS` where something else took the name meanwhile and `overwrite` is false. */
  publish(request: PublishRequest): Promise<void>;
}

/** A kind of storage that snapshots are written to. */
export interface Outputs {
  /**
   * Checks that `destination` can be published to, before any input is read.
   *
   * @throws HexzError `E_EXISTS`, `E_IS_DIRECTORY`, `E_NOT_FOUND`, `E_ACCESS`, `E_IO`; TypeError for what is no address.
   */
  assertFree(
    destination: string,
    options: { readonly overwrite: boolean; readonly signal: AbortSignal | undefined },
  ): Promise<void>;
  /** Begins to write; input is read afterwards. */
  create(destination: string, options: { readonly signal: AbortSignal | undefined }): Promise<Output>;
}

/** What kinds of storage are told. */
export interface OutputSettings {
  readonly files: FileSystem;
  readonly storage: ResolvedStorageOptions;
}

/** Kinds of storage by scheme; everything else is a path. A new one is one file and one entry here. */
const OUTPUTS: ReadonlyMap<string, (settings: OutputSettings) => Outputs> = new Map([["s3:", createS3Outputs]]);

/** A scheme has two letters or more, so that `C:\data.hxz` is a path. */
const SCHEME_PATTERN = /^([a-z][a-z0-9+.-]+:)\/\//i;

/** The storage that a destination names. */
export function outputsFor(destination: string, settings: OutputSettings): Outputs {
  const scheme = SCHEME_PATTERN.exec(destination)?.[1]?.toLowerCase();
  if (scheme === undefined) return createFileOutputs(settings);
  const create = OUTPUTS.get(scheme);
  if (create !== undefined) return create(settings);
  throw new TypeError(`destination must be a path or one of ${[...OUTPUTS.keys()].join("//, ")}//, got ${scheme}//`);
}
