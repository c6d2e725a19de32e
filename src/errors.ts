/**
 * Every failure of hexz that is not a wrong argument is a {@link HexzError}: branch on its `code`, never on its message.
 * Wrong arguments are `TypeError`/`RangeError` that name the option and the value.
 * @module
 */

/** What happened, in a word that never changes between releases. */
export type HexzErrorCode =
  | "E_NOT_SNAPSHOT" // the bytes do not begin with a snapshot's magic
  | "E_VERSION" // written by a newer, incompatible version of the format
  | "E_FEATURE" // needs a feature this build does not have (named in the context)
  | "E_CORRUPT" // header, page, table, counts or metadata do not match their digest or each other
  | "E_TRUNCATED" // the file is shorter than its header says
  | "E_BLOCK_CORRUPT" // a block's checksum, codec or decoded length is wrong
  | "E_CODEC" // the codec is unknown, or needs something that is not installed
  | "E_LIMIT" // a declared size is over its limit in `format/limits.ts`
  | "E_SHORT_READ" // storage gave fewer bytes than asked
  | "E_SOURCE_CHANGED" // the file is no longer the one that was opened
  | "E_NOT_FOUND" // no such file or object
  | "E_IS_DIRECTORY" // a file was expected
  | "E_EXISTS" // the destination is there already and `overwrite` is false
  | "E_NO_SPACE" // the disk is full
  | "E_IO" // any other failure of storage; see `cause`
  | "E_NETWORK" // a server cannot be reached, or the connection broke
  | "E_TIMEOUT" // storage did not answer in time
  | "E_HTTP" // a server answered with a status that is no success (in the context)
  | "E_RANGE" // a server's answer is not the range that was asked for
  | "E_ACCESS" // credentials are missing, wrong or expired, or do not allow this
  | "E_ADDRESS" // an address that may not be connected to: private, or a redirect that leaves what was allowed
  | "E_SCHEMA" // a schema that is not valid, or not the one needed
  | "E_RECORD" // a record does not fit the schema (record number, field, expected, received)
  | "E_EMPTY" // nothing to pack
  | "E_INPUT" // a source file is malformed (line or byte position in the context)
  | "E_IMAGE" // an image cannot be decoded or is too large
  | "E_KIND" // records asked of a bytes snapshot
  | "E_STATE" // a saved state belongs to another snapshot or order
  | "E_WORKER" // a worker died or could not start
  | "E_CLOSED" // used after close()
  | "E_DEPENDENCY"; // an optional package is missing

/** Facts about an error, small and printable: paths, block numbers, offsets, expected and actual values. */
export type HexzErrorContext = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** The one error class of hexz. Its message is one sentence: what happened, where, what to do. */
export class HexzError extends Error {
  override readonly name = "HexzError";
  readonly code: HexzErrorCode;
  readonly context: HexzErrorContext;

  constructor(code: HexzErrorCode, message: string, options: { context?: HexzErrorContext; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.context = options.context ?? {};
  }
}

/**
 * Whether `error` is a {@link HexzError} (with that `code`, where one is given). Checks the name and the code rather than the
 * prototype, so it also holds for errors of another copy of this package or of a worker.
 */
export function isHexzError(error: unknown, code?: HexzErrorCode): error is HexzError {
  if (!(error instanceof Error) || error.name !== "HexzError") return false;
  return code === undefined || (error as HexzError).code === code;
}
