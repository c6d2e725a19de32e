import { formatBytes } from "../util/byte-size.js";
import type { CliOutput } from "./io.js";
import { formatCount, formatMs } from "./text.js";

const REDRAW_MS = 100;
const BAR_CHARACTERS = 20;
const CLEAR_LINE = "\r\u001b[2K";

/** How far a command is. */
export interface ProgressState {
  /** Things done and, where it is known, things to do. */
  readonly done: number;
  readonly total?: number | undefined;
  /** What the things are: `records`, `blocks`. */
  readonly unit: string;
  /** Raw bytes done, for the speed. */
  readonly bytes?: number | undefined;
}

export interface Progress {
  update(state: ProgressState): void;
  /** Clears the line. */
  end(): Promise<void>;
}

/** A line of progress: percent and time left where the total is known. Pure. */
export function renderProgress({ done, total, unit, bytes }: ProgressState, elapsedMs: number): string {
  const parts: string[] = [];
  if (total !== undefined && total > 0) {
    const share = Math.min(1, done / total);
    const filled = Math.round(share * BAR_CHARACTERS);
    parts.push(`${String(Math.floor(share * 100)).padStart(3)} %`);
    parts.push(`[${"#".repeat(filled)}${"-".repeat(BAR_CHARACTERS - filled)}]`);
  }
  parts.push(`${formatCount(done)} ${unit}`);
  if (elapsedMs > 0 && bytes !== undefined) parts.push(`${formatBytes(Math.round((bytes / elapsedMs) * 1000))}/s`);
  if (total !== undefined && done > 0 && done < total)
    parts.push(`ETA ${formatMs((elapsedMs * (total - done)) / done)}`);
  return parts.join("  ");
}

/** A progress line on `output`: at most ten redraws a second, nothing at all where it is no terminal. */
export function createProgress(output: CliOutput, nowMs: () => number, isEnabled: boolean): Progress {
  if (!isEnabled || !output.isTerminal) return { update: () => undefined, end: async () => undefined };
  const startMs = nowMs();
  let drawnMs = Number.NEGATIVE_INFINITY;
  // Only the last write matters; a terminal that has gone is no reason to stop the work.
  const draw = (text: string) => output.write(`${CLEAR_LINE}${text}`).catch(() => undefined);
  return {
    update(state) {
      const now = nowMs();
      if (now - drawnMs < REDRAW_MS) return;
      drawnMs = now;
      void draw(renderProgress(state, now - startMs).slice(0, output.columns - 1));
    },
    end: () => draw(""),
  };
}
