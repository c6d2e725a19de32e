import type { Command } from "commander";
import { Option } from "commander";
import { LoaderHost } from "../loader/host.js";
import { Loader } from "../loader/loader.js";
import { resolveLoaderOptions } from "../loader/options.js";
import type { DataLoader } from "../loader/types.js";
import { defaultThreads } from "../platform/index.js";
import { formatBytes, parseByteSize } from "../util/byte-size.js";
import type { EpochMeasure } from "./bench-measure.js";
import { measureEpoch, measureLimit } from "./bench-measure.js";
import type { CommandContext, CommonFlags } from "./command.js";
import { createCommand, createContext, integerIn } from "./command.js";
import type { CliIo } from "./io.js";
import { openSnapshotFile } from "./open.js";
import { formatCount, formatMs, formatTable, plural, printable } from "./text.js";

interface BenchFlags extends CommonFlags {
  readonly batchSize: number;
  readonly epochs: number;
  readonly workers: number;
  readonly shuffle: "auto" | "full" | "window";
  readonly memory: string;
}

/** `hexz bench`: how fast shuffled epochs of a snapshot are on this machine, beside what one thread needs to decode it. */
export function benchCommand(io: CliIo): Command {
  return createCommand(
    "bench",
    "Read shuffled epochs of a snapshot and compare their speed with a limit measured in the same run.",
    [
      ["hexz bench train.hxz", "three epochs in batches of 128"],
      [
        "hexz bench --epochs 1 --shuffle window --memory 256MB --json train.hxz",
        "what a dataset larger than memory would do",
      ],
    ],
  )
    .argument("<file>", "the snapshot, of records")
    .addOption(
      new Option("--batch-size <records>", "records per batch").default(128).argParser(integerIn(1, 2 ** 31 - 1)),
    )
    .addOption(new Option("--epochs <count>", "epochs to read").default(3).argParser(integerIn(1)))
    .addOption(
      new Option("--workers <count>", "decode threads; 0 decodes on the main thread")
        .default(defaultThreads())
        .argParser(integerIn(0, 64)),
    )
    .addOption(new Option("--shuffle <mode>", "kind of shuffle").choices(["auto", "full", "window"]).default("auto"))
    .option("--memory <size>", "memory for decoded blocks; what fits is decoded once for all epochs", "512MB")
    .action((file: string, flags: BenchFlags) => bench(file, flags, io));
}

async function bench(file: string, flags: BenchFlags, io: CliIo): Promise<void> {
  const context = createContext(io, flags);
  const { signal } = context;
  const memoryBytes = parseByteSize(flags.memory, "options.memory");
  await using snapshot = await openSnapshotFile(file, signal);
  await using host = new LoaderHost(snapshot, memoryBytes);
  const { batchSize, workers, shuffle } = flags;
  const options = resolveLoaderOptions({ batchSize, workers, shuffle: { seed: 0, mode: shuffle } }, host.schema);
  await using loader: DataLoader = new Loader(host, options);
  await measureLimit(host, signal); // brings the file into the page cache and the code to speed
  const before = await measureLimit(host, signal);
  const epochs = await readEpochs(loader, host, flags.epochs, context);
  // The better of two: the ratio must not gain from a hiccup of the limit.
  const limitMs = Math.min(before, await measureLimit(host, signal));
  const result = {
    file: snapshot.name,
    id: snapshot.id,
    records: snapshot.length,
    rawBytes: snapshot.size,
    storedBytes: snapshot.header.storedBytes,
    blocks: snapshot.header.blocks,
    batchSize,
    workers,
    memoryBytes,
    shuffle,
    window: loader.contract?.window,
    effectiveBatch: loader.contract?.effectiveBatch,
    limit: {
      what: "read, checksum and decode of every block once, on one thread",
      ms: limitMs,
      recordsPerSecond: (snapshot.length / limitMs) * 1000,
      rawBytesPerSecond: (snapshot.size / limitMs) * 1000,
    },
    epochs: epochs.map((epoch) => ({ ...epoch, ofLimit: limitMs / epoch.ms })),
  };
  await context.report(result, () => formatBench(result, context.colors.bold));
}

async function readEpochs(
  loader: DataLoader,
  host: LoaderHost,
  count: number,
  { progress, signal }: CommandContext,
): Promise<EpochMeasure[]> {
  const line = progress();
  const { length, size } = host.snapshot;
  const measures: EpochMeasure[] = [];
  try {
    for (let epoch = 0; epoch < count; epoch++) {
      const onBatch = (records: number) => {
        const done = epoch * length + records;
        line.update({ done, total: count * length, unit: "records", bytes: (done / length) * size });
      };
      measures.push(await measureEpoch(loader, host, epoch, onBatch, signal));
    }
  } finally {
    await line.end();
  }
  return measures;
}

interface BenchResult {
  readonly file: string;
  readonly records: number;
  readonly rawBytes: number;
  readonly blocks: number;
  readonly batchSize: number;
  readonly workers: number;
  readonly memoryBytes: number;
  readonly shuffle: string;
  readonly limit: { readonly ms: number; readonly recordsPerSecond: number; readonly rawBytesPerSecond: number };
  readonly epochs: readonly (EpochMeasure & { readonly ofLimit: number })[];
}

function formatBench(result: BenchResult, bold: (text: string) => string): string {
  const { limit, workers } = result;
  const speed = (perSecond: number) => formatCount(Math.round(perSecond));
  const head = ["", "records/s", "raw MB/s", "stored read", "steps", "first batch", "time", "of limit"].map(bold);
  const rows = result.epochs.map((epoch) => [
    `epoch ${epoch.epoch}`,
    speed(epoch.recordsPerSecond),
    speed(epoch.rawBytesPerSecond / 1e6),
    formatBytes(epoch.storedBytesRead),
    formatCount(epoch.steps),
    formatMs(epoch.firstBatchMs),
    formatMs(epoch.ms),
    epoch.ofLimit.toFixed(2),
  ]);
  const limitRow = [
    "limit",
    speed(limit.recordsPerSecond),
    speed(limit.rawBytesPerSecond / 1e6),
    "",
    "",
    "",
    formatMs(limit.ms),
    "1.00",
  ];
  return [
    `${printable(result.file)}: ${plural(result.records, "record")}, ${formatBytes(result.rawBytes)} raw in ${plural(result.blocks, "block")}`,
    `batches of ${result.batchSize}, shuffle ${result.shuffle}, ${plural(workers, "decode thread")}, ${formatBytes(result.memoryBytes)} of memory`,
    "",
    formatTable([head, ...rows, limitRow], [1, 2, 3, 4, 5, 6, 7]),
    "",
    "limit: read, checksum and decode of every block once, on one thread. An epoch whose blocks are in memory already reads less and may pass it;",
    "the first epoch also starts the decode threads.",
  ].join("\n");
}
