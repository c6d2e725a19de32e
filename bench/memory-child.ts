/** Process of `measures/memory.ts`: runs four shuffled epochs over `argv[2]` with a budget of `argv[3]` bytes and prints the bytes it took beyond the budget. */
import { readFileSync } from "node:fs";
import { openDataset } from "../src/index.js";

/** Peak resident memory of this program. Where Linux says so: `maxRSS` also counts the process that started it, from before the exec. */
function peakBytes(): number {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    if (kilobytes !== undefined) return Number(kilobytes) * 1024;
  } catch {
    // not Linux
  }
  return process.resourceUsage().maxRSS * 1024;
}

const [path = "", budget = "0"] = process.argv.slice(2);
const memory = Number(budget);
const beforeBytes = process.memoryUsage.rss();
await using dataset = await openDataset(path, { cache: { memory } });
const loader = dataset.loader({ batchSize: 128, shuffle: { seed: 1 }, workers: 2 });
for (let epoch = 0; epoch < 4; epoch++) {
  for await (const batch of loader.epoch(epoch)) batch.release();
}
process.stdout.write(String(peakBytes() - beforeBytes - memory));
