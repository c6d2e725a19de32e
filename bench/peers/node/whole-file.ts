import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gatherBatches } from "./gather.js";
import { readLabels, readOffsets, runProgram } from "./program.js";

/** The loop one writes by hand where the data fits memory: the raw file in one Buffer, one `copy` a record. */
await runProgram({
  version: process.version,
  open({ data }) {
    const rows = readFileSync(join(data.directory, "rows.bin"));
    const labels = readLabels(data);
    const offsets = readOffsets(data);
    return {
      settings: "whole file in a Buffer, one Buffer.copy a record",
      order: "full",
      epoch: (epoch) =>
        gatherBatches(data, labels, offsets, epoch, (_record, start, bytes, into, at) => {
          rows.copy(into, at, start, start + bytes);
        }),
    };
  },
});
