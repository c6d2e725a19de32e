import { type FileSystem, nodeFileSystem } from "../../src/pack/file-system.js";

/** Calls a file system gets, in order. */
export type FileCall = "create" | "write" | "sync" | "chmod" | "close" | "link" | "rename" | "unlink" | "syncDirectory";

export interface FileFaults {
  /** Asked before every call with its number from 0; an error code makes it fail. */
  readonly fail?: (call: FileCall, number: number) => string | undefined;
  /** The most bytes one write takes. */
  readonly writeBytes?: number;
}

/** Node's file system with faults, and the calls it got. */
export function withFileFaults({ fail, writeBytes = Infinity }: FileFaults): { files: FileSystem; calls: FileCall[] } {
  const calls: FileCall[] = [];
  const guard = async <T>(call: FileCall, run: () => Promise<T>): Promise<T> => {
    calls.push(call);
    const code = fail?.(call, calls.length - 1);
    if (code !== undefined) throw Object.assign(new Error(`${code}: injected into ${call}`), { code });
    return await run();
  };
  const files: FileSystem = {
    ...nodeFileSystem,
    create: (path) =>
      guard("create", async () => {
        const file = await nodeFileSystem.create(path);
        return {
          write: (bytes, position) =>
            guard("write", () => file.write(bytes.subarray(0, Math.min(bytes.length, writeBytes)), position)),
          sync: () => guard("sync", () => file.sync()),
          chmod: (mode) => guard("chmod", () => file.chmod(mode)),
          close: async () => {
            // The descriptor goes also where closing it is said to fail, as with the real call.
            await file.close();
            await guard("close", async () => {});
          },
        };
      }),
    link: (from, to) => guard("link", () => nodeFileSystem.link(from, to)),
    rename: (from, to) => guard("rename", () => nodeFileSystem.rename(from, to)),
    unlink: (path) => guard("unlink", () => nodeFileSystem.unlink(path)),
    syncDirectoryOf: (path) => guard("syncDirectory", () => nodeFileSystem.syncDirectoryOf(path)),
  };
  return { files, calls };
}
