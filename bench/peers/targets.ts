import type { Standing } from "./race.js";

/** A ratio of two medians, and what it must reach. */
export interface Ratio {
  readonly workload: string;
  readonly what: string;
  /** Undefined where one side did not run. */
  readonly value: number | undefined;
  readonly target: number;
}

const MUCH_FASTER = 10;
const SLOW_PEERS = ["mosaicml", "grain", "webdataset", "lance", "tfjs-data"];

/** hexz against each peer's best variant, with the project's targets. They are stated for W1 and printed for the others for comparison. */
export function ratios(workload: string, all: readonly Standing[]): Ratio[] {
  const here = all.filter((standing) => standing.workload === workload);
  const lz4 = bestOf(here, (s) => s.peer === "hexz" && s.variant === "lz4");
  const inMemory = bestOf(here, (s) => s.peer === "hexz" && s.variant !== "lz4");
  const against = (what: string, ours: Standing | undefined, theirs: Standing | undefined, target: number): Ratio => {
    const value = ours?.median === undefined || theirs?.median === undefined ? undefined : ours.median / theirs.median;
    return { workload, what: `${what}${theirs === undefined ? "" : ` (${nameOf(theirs)})`}`, value, target };
  };
  const peer = (name: string) => bestOf(here, (s) => s.peer === name);
  const compressed = bestOf(here, (s) => s.compressed && s.peer !== "hexz");
  return [
    against("hexz LZ4 ÷ best compressed peer", lz4, compressed, 2),
    against("hexz LZ4 ÷ read-sync", lz4, peer("read-sync"), 2),
    ...SLOW_PEERS.map((name) => against(`hexz LZ4 ÷ ${name}`, lz4, peer(name), MUCH_FASTER)),
    against("hexz stored or pinned ÷ ffcv", inMemory, peer("ffcv"), 1.2),
    against("hexz stored or pinned ÷ numpy", inMemory, peer("numpy"), 1),
  ];
}

function bestOf(all: readonly Standing[], fits: (standing: Standing) => boolean): Standing | undefined {
  return all.filter((s) => fits(s) && s.median !== undefined).toSorted((a, b) => (b.median ?? 0) - (a.median ?? 0))[0];
}

/** `parquet 12 MiB × 16`. */
export function nameOf({ peer, variant }: Standing): string {
  return variant === "" ? peer : `${peer} ${variant}`;
}
