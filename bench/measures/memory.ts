import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { median, RUNS } from "../timing.js";
import type { Measure } from "../types.js";

const TARGET_MB = 150;

/** Memory of an epoch over data larger than its budget: the process's peak, minus what it had before, minus the budget. A process of its own per run. */
export const measureMemory: Measure = async ({ name, path, smallBudgetBytes }) => {
  if (smallBudgetBytes === undefined) return [];
  const child = fileURLToPath(new URL("../memory-child.js", import.meta.url));
  const runs = Array.from({ length: RUNS }, () => {
    const output = execFileSync(process.execPath, [child, path, String(smallBudgetBytes)], { encoding: "utf8" });
    return Number(output) / 1e6;
  });
  const value = median(runs);
  const target = { text: `≤ ${TARGET_MB} MB`, met: value <= TARGET_MB };
  const measure = `memory over a budget of ${Math.round(smallBudgetBytes / 2 ** 20)} MiB`;
  return [{ measure, data: name, unit: "MB", value, target, runs }];
};
