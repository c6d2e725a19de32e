import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { gatherBatches } from "./gather.js";
import { readLabels, readOffsets, runProgram } from "./program.js";

/** The loop one writes by hand: one `readSync` a record from the raw file, straight into the batch. */
await runProgram({
  version: process.version,
  open({ data }) {
    const file = openSync(join(data.directory, "rows.bin"), "r");
    const labels = readLabels(data);
    const offsets = readOffsets(data);
    return {
      settings: "one fs.readSync a record into the batch, labels in memory",
      order: "full",
      epoch: (epoch) =>
        gatherBatches(data, labels, offsets, epoch, (_record, start, bytes, into, at) => {
          readSync(file, into, at, bytes, start);
        }),
      close: () => closeSync(file),
    };
  },
});
