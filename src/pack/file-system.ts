import { constants } from "node:fs";
import { type FileHandle, link, lstat, open, rename, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";

/** A file being written. */
export interface OutputFile {
  /** Writes at `position` and gives how many bytes were written, which may be fewer than asked (a full disk does that, without an error). */
  write(bytes: Uint8Array, position: number): Promise<number>;
  sync(): Promise<void>;
  chmod(mode: number): Promise<void>;
  close(): Promise<void>;
}

/** What publishing needs of a file system; tests give one that fails. Errors are Node's, with a `code`. */
export interface FileSystem {
  /** Makes a new file that only its owner can read; fails where the path exists, also as a symbolic link. */
  create(path: string): Promise<OutputFile>;
  /** Opens the regular file that an earlier run left; undefined where there is none. A symbolic link is not followed. */
  reopen(path: string): Promise<{ readonly file: OutputFile; readonly sizeBytes: number } | undefined>;
  /** What stands at a path, links followed; a dangling link is `other`. */
  kindOf(path: string): Promise<"missing" | "file" | "directory" | "other">;
  link(from: string, to: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Makes the names in the directory of `path` durable. */
  syncDirectoryOf(path: string): Promise<void>;
}

/** The file system of Node. */
export const nodeFileSystem: FileSystem = {
  async create(path) {
    return outputFile(await open(path, "wx", 0o600));
  },
  async reopen(path) {
    const entry = await lstat(path).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
    if (entry?.isFile() !== true) return undefined;
    // Windows has no such flag, and needs a privilege to make links.
    const handle = await open(path, constants.O_RDWR | (constants.O_NOFOLLOW ?? 0));
    return { file: outputFile(handle), sizeBytes: entry.size };
  },
  async kindOf(path) {
    const entry = await stat(path).catch(async (error: unknown) => {
      if (!isMissing(error)) throw error;
      return await lstat(path).catch((again: unknown) => {
        if (!isMissing(again)) throw again;
      });
    });
    if (entry === undefined) return "missing";
    return entry.isFile() ? "file" : entry.isDirectory() ? "directory" : "other";
  },
  link,
  rename,
  unlink,
  async syncDirectoryOf(path) {
    const directory = await open(dirname(path), "r");
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  },
};

function outputFile(handle: FileHandle): OutputFile {
  return {
    write: async (bytes, position) => (await handle.write(bytes, 0, bytes.length, position)).bytesWritten,
    sync: () => handle.sync(),
    chmod: (mode) => handle.chmod(mode),
    close: () => handle.close(),
  };
}

function isMissing(error: unknown): boolean {
  return errorCode(error) === "ENOENT";
}

/** Node's code of a failed system call (`ENOENT`, …). */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
