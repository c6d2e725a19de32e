import { openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { Job } from "../job.js";
import { gatherBatches } from "./gather.js";
import { loadPackage, readLabels, readOffsets, rowRange, runProgram } from "./program.js";

/** What of lmdb-js is used here. */
interface Lmdb {
  open(options: Readonly<Record<string, unknown>>): Database;
}

interface Database {
  put(key: number, value: Uint8Array): Promise<boolean>;
  /** A buffer that is valid until the next read. */
  getBinaryFast(key: number): Buffer | undefined;
  close(): Promise<void>;
}

const WRITES_AT_ONCE = 1000;
const { module: lmdb, version } = loadPackage<Lmdb>("lmdb");

/** `record number → row`, labels in memory: the fewest bytes a lookup can cost LMDB. */
await runProgram({
  version,
  async prepare(job) {
    const { data } = job;
    const database = openDatabase(job);
    const file = openSync(join(data.directory, "rows.bin"), "r");
    const offsets = readOffsets(data);
    let written: Promise<boolean>[] = [];
    for (let record = 0; record < data.records; record++) {
      const { start, bytes } = rowRange(record, data, offsets);
      const row = Buffer.allocUnsafe(bytes);
      readSync(file, row, 0, bytes, start);
      written.push(database.put(record, row));
      if (written.length < WRITES_AT_ONCE) continue;
      await Promise.all(written);
      written = [];
    }
    await Promise.all(written);
    await database.close();
  },
  open(job) {
    const database = openDatabase(job);
    const labels = readLabels(job.data);
    const offsets = readOffsets(job.data);
    return {
      settings: `uint32 keys, getBinaryFast, ${job.args.compression === true ? "LZ4 a record" : "no compression"}, labels in memory`,
      order: "full",
      epoch: (epoch) =>
        gatherBatches(job.data, labels, offsets, epoch, (record, _start, bytes, into, at) => {
          const row = database.getBinaryFast(record)?.subarray(0, bytes); // its memory is longer than the value
          if (row !== undefined) into.set(row, at);
        }),
      close: () => database.close(),
    };
  },
});

function openDatabase({ store, data, args }: Job): Database {
  return lmdb.open({
    path: join(store, "data.mdb"),
    keyEncoding: "uint32",
    encoding: "binary",
    compression: args.compression === true,
    mapSize: 4 * data.rawBytes + 2 ** 26,
    noMetaSync: true,
    noSync: true,
  });
}
