import { openSnapshot } from "../core/snapshot.js";
import type { Output, OutputSettings, Outputs, PublishRequest } from "./output.js";
import { AtomicFile, assertDestination } from "./publish.js";

/** Snapshots as files. They are verified whole while they have no name yet. */
export function createFileOutputs({ files }: Pick<OutputSettings, "files">): Outputs {
  return {
    assertFree: (destination, { overwrite }) => assertDestination(destination, { overwrite }, files),
    create: async (destination) => fileOutput(await AtomicFile.create(destination, files)),
  };
}

function fileOutput(file: AtomicFile): Output {
  return {
    write: (bytes, position) => file.write(bytes, position),
    sync: () => file.sync(),
    async publish({ overwrite, verify, signal }) {
      if (verify) await verifyFile(file.temporaryPath, signal);
      signal?.throwIfAborted();
      await file.publish({ overwrite });
    },
    [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
  };
}

/** Reads the file as anyone will. */
async function verifyFile(path: string, signal: PublishRequest["signal"]): Promise<void> {
  await using snapshot = await openSnapshot(path, { signal });
  await snapshot.verify({ signal });
}
