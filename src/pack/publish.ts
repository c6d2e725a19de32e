import { randomBytes } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { HexzError, isHexzError } from "../errors.js";
import { errorCode, type FileSystem, type OutputFile } from "./file-system.js";

/** What a missing durability of directories looks like on file systems that have none. */
const NO_DIRECTORY_SYNC = new Set(["EINVAL", "ENOTSUP", "EOPNOTSUPP", "EPERM", "EACCES", "EISDIR", "EBADF"]);
/** What a file system without hard links says. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

export interface PublishOptions {
  /** Replace a file that is there already. */
  readonly overwrite: boolean;
}

/**
 * Checks that `destination` can be published to.
 *
 * @throws HexzError `E_EXISTS`, `E_IS_DIRECTORY`, `E_NOT_FOUND` (its directory), `E_IO`.
 */
export async function assertDestination(
  destination: string,
  { overwrite }: PublishOptions,
  files: FileSystem,
): Promise<void> {
  const kind = await ioCall(destination, () => files.kindOf(destination));
  if (kind === "directory") {
    throw new HexzError("E_IS_DIRECTORY", `${destination} is a directory; give the name of a file in it`, {
      context: { path: destination },
    });
  }
  if (kind === "other" || (kind === "file" && !overwrite)) throw exists(destination, kind === "other");
  const parent = dirname(destination);
  if (kind === "missing" && (await ioCall(parent, () => files.kindOf(parent))) !== "directory") {
    throw new HexzError("E_NOT_FOUND", `the directory ${parent} does not exist; create it first`, {
      context: { path: parent },
    });
  }
}

/**
 * A file that appears at its destination whole or not at all. It is written under a temporary name in the same directory,
 * and `publish` makes it durable and renames it; dispose without it removes it. At any moment a crash leaves the old file or the new one, and at
 * worst a temporary file `.<name>.<16 hex>.tmp`. Write-then-rename as in Pillai et al., OSDI 2014, with both the file and the directory synced.
 */
export class AtomicFile implements AsyncDisposable {
  readonly #destination: string;
  readonly #files: FileSystem;
  readonly #file: OutputFile;
  /** Where it is written until it is published. */
  readonly temporaryPath: string;
  #open = true;
  #named = true;
  #keep: boolean;

  private constructor(destination: string, temporaryPath: string, file: OutputFile, files: FileSystem, keep = false) {
    this.#destination = destination;
    this.temporaryPath = temporaryPath;
    this.#file = file;
    this.#files = files;
    this.#keep = keep;
  }

  /** @throws HexzError `E_NOT_FOUND`, `E_NO_SPACE`, `E_IO`. */
  static async create(destination: string, files: FileSystem): Promise<AtomicFile> {
    const name = `.${basename(destination)}.${randomBytes(8).toString("hex")}.tmp`;
    const path = join(dirname(destination), name);
    const file = await ioCall(path, () => files.create(path));
    return new AtomicFile(destination, path, file, files);
  }

  /**
   * Goes on with the file that an earlier run left for `destination` under the same `key`, or begins one. Disposing of it unpublished leaves it where it is, for the
   * next run, unless it is discarded.
   *
   * @param key what the content is known by: 16 hex digits.
   * @param sizeBytes of the whole file; more than that is none of ours.
   * @returns the file, and how many bytes of it are there.
   */
  static async resume(
    destination: string,
    key: string,
    sizeBytes: number,
    files: FileSystem,
  ): Promise<{ readonly file: AtomicFile; readonly doneBytes: number }> {
    const path = join(dirname(destination), `.${basename(destination)}.${key}.part`);
    const left = await ioCall(path, () => files.reopen(path));
    if (left !== undefined && left.sizeBytes <= sizeBytes) {
      return { file: new AtomicFile(destination, path, left.file, files, true), doneBytes: left.sizeBytes };
    }
    if (left !== undefined) {
      await ioCall(path, () => left.file.close());
      await ioCall(path, () => files.unlink(path));
    }
    const file = await ioCall(path, () => files.create(path));
    return { file: new AtomicFile(destination, path, file, files, true), doneBytes: 0 };
  }

  /** Makes disposing remove what was written. */
  discard(): void {
    this.#keep = false;
  }

  /** Writes all of `bytes` at `position`, however few the system takes at a time. */
  async write(bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const rest = bytes.subarray(done);
      const written = await this.#call(() => this.#file.write(rest, position + done), rest.length);
      if (written <= 0) throw noSpace(this.#destination, rest.length, undefined);
      done += written;
    }
  }

  /** Makes what was written durable. A failure is final: the system may have dropped the pages it could not write, so a second try proves nothing. */
  async sync(): Promise<void> {
    await this.#call(() => this.#file.sync());
  }

  /**
   * Gives the synced file the mode an ordinary new file has and its name, and makes the name durable.
   *
   * @throws HexzError `E_EXISTS` where another file took the name meanwhile and `overwrite` is false.
   */
  async publish({ overwrite }: PublishOptions): Promise<void> {
    await this.#call(() => this.#file.chmod(0o666 & ~process.umask()));
    await this.#call(() => this.#file.sync());
    await this.#close();
    if (overwrite) await this.#rename();
    else await this.#linkOrRename();
    await this.#files.syncDirectoryOf(this.#destination).catch((error: unknown) => {
      if (!NO_DIRECTORY_SYNC.has(errorCode(error) ?? "")) throw notDurable(error, this.#destination);
    });
  }

  /** A hard link, unlike a rename, fails where the name is taken. */
  async #linkOrRename(): Promise<void> {
    try {
      await this.#files.link(this.temporaryPath, this.#destination);
    } catch (error) {
      if (!NO_LINKS.has(errorCode(error) ?? "")) throw ioError(error, this.#destination);
      await assertDestination(this.#destination, { overwrite: false }, this.#files);
      await this.#rename();
      return;
    }
    // Published from here on: a second name that cannot be removed is litter, no failure.
    await this.#removeTemporary();
  }

  /** Tried when the file is published and, where that failed, once more when it is disposed. */
  async #removeTemporary(): Promise<void> {
    await this.#files.unlink(this.temporaryPath).then(
      () => {
        this.#named = false;
      },
      () => undefined,
    );
  }

  async #rename(): Promise<void> {
    await this.#call(() => this.#files.rename(this.temporaryPath, this.#destination));
    this.#named = false;
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#call(() => this.#file.close());
  }

  #call<T>(call: () => Promise<T>, bytes?: number): Promise<T> {
    return ioCall(this.#destination, call, bytes);
  }

  /** Closes the file and removes its temporary name, where it still has it and is not to be resumed. */
  async [Symbol.asyncDispose](): Promise<void> {
    // Whatever made the caller give up is the error to tell, not that tidying up failed too.
    await this.#close().catch(() => undefined);
    if (this.#named && !this.#keep) await this.#removeTemporary();
  }
}

async function ioCall<T>(path: string, call: () => Promise<T>, bytes?: number): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw ioError(error, path, bytes);
  }
}

function ioError(error: unknown, path: string, bytes = 0): HexzError {
  if (isHexzError(error)) return error;
  const code = errorCode(error);
  if (code === "ENOSPC" || code === "EDQUOT") return noSpace(path, bytes, error);
  if (code === "EEXIST") return exists(path, false, error);
  const context = { path, ...(code === undefined ? {} : { errno: code }) };
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new HexzError("E_NOT_FOUND", `${path} cannot be written: its directory does not exist`, {
      context,
      cause: error,
    });
  }
  if (code === "EISDIR") {
    return new HexzError("E_IS_DIRECTORY", `${path} is a directory; give the name of a file in it`, {
      context,
      cause: error,
    });
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new HexzError("E_IO", `${path} cannot be written (${reason}); nothing was published`, {
    context,
    cause: error,
  });
}

function notDurable(cause: unknown, path: string): HexzError {
  const message = `${path} is published and whole, but its directory could not be synced: a power loss may undo it`;
  return new HexzError("E_IO", message, { context: { path }, cause });
}

function noSpace(path: string, bytes: number, cause: unknown): HexzError {
  return new HexzError(
    "E_NO_SPACE",
    `no space left to write ${path} (${bytes} more bytes needed); nothing was published`,
    {
      context: { path, bytes },
      cause,
    },
  );
}

function exists(path: string, isSpecial: boolean, cause?: unknown): HexzError {
  const message = isSpecial
    ? `${path} exists and is no ordinary file; choose another destination`
    : `${path} exists already; choose another destination or pass overwrite: true`;
  return new HexzError("E_EXISTS", message, { context: { path }, cause });
}
