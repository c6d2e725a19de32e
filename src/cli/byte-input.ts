import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { HexzError } from "../errors.js";
import type { CliIo } from "./io.js";

/** A file, or stdin, as chunks of bytes. */
export interface ByteInput {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Unknown for pipes. */
  readonly totalBytes: number | undefined;
}

/**
 * Opens a file for `pack --bytes`; `-` is stdin.
 *
 * @throws HexzError `E_NOT_FOUND`, `E_IS_DIRECTORY`, `E_IO`.
 */
export async function openByteInput(path: string, io: CliIo): Promise<ByteInput> {
  if (path === "-") return { chunks: io.stdin(), totalBytes: undefined };
  const facts = await stat(path).catch((error: unknown) => {
    throw readError(path, error);
  });
  if (facts.isDirectory()) throw readError(path, Object.assign(new Error("it is a directory"), { code: "EISDIR" }));
  return { chunks: readChunks(path), totalBytes: facts.isFile() ? facts.size : undefined };
}

async function* readChunks(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* createReadStream(path, { highWaterMark: 2 ** 20 });
  } catch (error) {
    throw readError(path, error);
  }
}

function readError(path: string, cause: unknown): HexzError {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const options = { context: { path }, cause };
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new HexzError("E_NOT_FOUND", `${path} does not exist; check the path`, options);
  }
  if (code === "EISDIR") return new HexzError("E_IS_DIRECTORY", `${path} is a directory; give a file`, options);
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new HexzError("E_IO", `${path} cannot be read (${reason})`, options);
}
