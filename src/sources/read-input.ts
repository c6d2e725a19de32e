import { type FileHandle, open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { HexzError } from "../errors.js";

const GZIP_MAGIC = [0x1f, 0x8b];

/**
 * The bytes of a file, unpacked where it begins as gzip does. Ending the iteration early closes the file.
 *
 * @throws HexzError `E_NOT_FOUND`, `E_IS_DIRECTORY`, `E_IO`; `E_INPUT` for gzip data that is damaged or cut short.
 */
export async function* readInput(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  const handle = await openInput(path);
  try {
    const head = Buffer.alloc(GZIP_MAGIC.length);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    const isGzip = bytesRead === head.length && GZIP_MAGIC.every((byte, i) => head[i] === byte);
    const file = handle.createReadStream({ start: 0, autoClose: false });
    yield* isGzip ? unzip(file) : file;
  } catch (cause) {
    throw inputError(cause, path);
  } finally {
    await handle.close();
  }
}

async function openInput(path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (cause) {
    throw inputError(cause, path);
  }
}

/** `Readable.pipe` does not hand on errors: the file's must end the unpacking too. */
async function* unzip(file: Readable): AsyncGenerator<Uint8Array, void, undefined> {
  const gunzip = createGunzip();
  file.once("error", (error) => gunzip.destroy(error));
  file.pipe(gunzip);
  try {
    yield* gunzip;
  } finally {
    file.destroy();
    gunzip.destroy();
  }
}

function inputError(cause: unknown, path: string): unknown {
  if (!(cause instanceof Error) || cause instanceof HexzError || !("code" in cause)) return cause;
  const context = { path };
  if (cause.code === "ENOENT") return new HexzError("E_NOT_FOUND", `${path} does not exist`, { context, cause });
  if (cause.code === "EISDIR")
    return new HexzError("E_IS_DIRECTORY", `${path} is a folder, a file is needed`, { context, cause });
  if (String(cause.code).startsWith("Z_")) {
    return new HexzError("E_INPUT", `${path} is damaged gzip data (${cause.message}); copy it again`, {
      context,
      cause,
    });
  }
  return new HexzError("E_IO", `${path} cannot be read (${cause.message})`, { context, cause });
}
