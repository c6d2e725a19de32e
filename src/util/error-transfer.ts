import { HexzError, type HexzErrorCode, type HexzErrorContext, isHexzError } from "../errors.js";

/** Causes kept of a chain: enough for any real one, and an end for one that goes round. */
const MAX_CAUSES = 8;

/** An error as plain data that survives structured clone between threads. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Present for a `HexzError`, and for a system error (`ENOSPC` …). */
  readonly code: string | undefined;
  readonly context: HexzErrorContext | undefined;
  readonly cause: PlainError | undefined;
}

/** What a worker posts in place of an error: structured clone would lose its code and context. Anything may be thrown. */
export function toPlainError(error: unknown, depth = 0): PlainError {
  if (!(error instanceof Error)) return toPlainError(new Error(String(error)), depth);
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    code: "code" in error && typeof error.code === "string" ? error.code : undefined,
    context: isHexzError(error) ? error.context : undefined,
    cause: error.cause === undefined || depth >= MAX_CAUSES ? undefined : toPlainError(error.cause, depth + 1),
  };
}

/** The error again: a real {@link HexzError}, `TypeError` or `RangeError` where it was one. */
export function fromPlainError(plain: PlainError): Error {
  const cause = plain.cause === undefined ? undefined : fromPlainError(plain.cause);
  const error = rebuild(plain, cause);
  if (plain.stack !== undefined) error.stack = plain.stack;
  return error;
}

function rebuild(plain: PlainError, cause: Error | undefined): Error {
  const options = cause === undefined ? {} : { cause };
  if (plain.name === "HexzError" && plain.code !== undefined) {
    // The code is one of ours: only `toPlainError` makes these.
    const code = plain.code as HexzErrorCode;
    return new HexzError(code, plain.message, { ...options, context: plain.context ?? {} });
  }
  if (plain.name === "TypeError") return new TypeError(plain.message, options);
  if (plain.name === "RangeError") return new RangeError(plain.message, options);
  const error = new Error(plain.message, options);
  error.name = plain.name;
  return plain.code === undefined ? error : Object.assign(error, { code: plain.code });
}

/**
 * A worker's handler whose errors cross to the calling thread whole: it throws them as {@link PlainError}. Give every worker entry's default export
 * through it.
 */
export function withPlainErrors<T, R>(handler: (task: T) => R | Promise<R>): (task: T) => Promise<R> {
  return async (task) => {
    try {
      return await handler(task);
    } catch (error) {
      throw toPlainError(error);
    }
  };
}

/** Whether a caught value is what {@link withPlainErrors} threw. */
export function isPlainError(value: unknown): value is PlainError {
  return (
    typeof value === "object" && value !== null && !(value instanceof Error) && "message" in value && "name" in value
  );
}
