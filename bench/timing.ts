/** Runs of each measure; the median is reported. */
export const RUNS = 5;

/** The middle value; the mean of the middle two where their number is even. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Milliseconds `work` takes. */
export async function timeMs(work: () => unknown): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

/** Milliseconds of each of `RUNS` runs. */
export async function timesMs(work: () => unknown): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run++) times.push(await timeMs(work));
  return times;
}

/** Bytes in some milliseconds, as MB/s (1 MB = 10^6 bytes). */
export function megabytesPerSecond(bytes: number, ms: number): number {
  return bytes / 1e3 / ms;
}

/** The row of a measure of speed, with its limit from the same run. */
export function speeds(bytes: number, times: readonly number[]): number[] {
  return times.map((ms) => megabytesPerSecond(bytes, ms));
}
