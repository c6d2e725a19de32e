import { deriveKey } from "./hash.js";
import { createRandom } from "./random.js";
import { createScheduler, jitter, type Shares } from "./schedule.js";

/** A run of places of an interleave. */
export interface Chunk {
  /** Which source stands at each place. */
  readonly sources: Uint32Array;
  /** Places of the same source in the chunk before each. */
  readonly ranks: Uint32Array;
  /** Places of each source before the chunk. */
  readonly before: Float64Array;
}

/** The places of one period, by chunks of `chunkLength`. */
export interface Chunks {
  readonly period: number;
  readonly chunkLength: number;
  at(chunk: number): Chunk;
  /** Places of each source before a chunk; borrowed. */
  before(chunk: number): Float64Array;
}

const LEAST_CHUNK = 4096;
const CHUNK_PER_SOURCE = 64;
const PLACES_KEPT = 2 ** 18;

/**
 * Chunks made when asked for, of which up to 2^18 places stay in memory (8 bytes each). The counts at the start of a chunk, 1/8 byte a place at most, stay as well: they are
 * all it takes to go on from there. Exchanges of places stay inside their chunk, so they do not change them.
 */
export function createChunks(shares: Shares, seed: number): Chunks {
  const { total } = shares;
  // A short cycle is repeated to a full chunk: the exchanges of `jitter` shall not come again at once.
  const period = total * Math.max(1, Math.ceil(LEAST_CHUNK / total));
  const chunkLength = Math.min(period, Math.max(LEAST_CHUNK, CHUNK_PER_SOURCE * shares.weights.length));
  const scheduler = createScheduler(shares, chunkLength);
  const starts: Float64Array[] = [new Float64Array(shares.weights.length)];
  const kept = new Map<number, Chunk>();

  /** Gives out the places of a chunk; notes the counts after it, where they are not known. */
  function run(chunk: number) {
    const start = chunk * chunkLength;
    const length = Math.min(chunkLength, period - start);
    const counts = Float64Array.from(starts[chunk] as Float64Array); // a chunk that was reached
    const places = scheduler.run(start, length, counts);
    if (starts.length === chunk + 1) starts.push(counts);
    return { places, start, length };
  }

  function before(chunk: number): Float64Array {
    while (starts.length <= chunk) run(starts.length - 1);
    return starts[chunk] as Float64Array; // the loop went there
  }

  function make(chunk: number): Chunk {
    const counts = before(chunk);
    const { places, start, length } = run(chunk);
    jitter(places, start, length, createRandom(deriveKey(seed, chunk)));
    const sources = places.sources.slice(0, length);
    return { sources, ranks: rank(sources, counts.length), before: counts };
  }

  function at(chunk: number): Chunk {
    const found = kept.get(chunk);
    if (found !== undefined) return found;
    const made = make(chunk);
    const [oldest] = kept.keys();
    if (oldest !== undefined && (kept.size + 1) * chunkLength > PLACES_KEPT) kept.delete(oldest);
    kept.set(chunk, made);
    return made;
  }

  return { period, chunkLength, at, before };
}

function rank(sources: Uint32Array, count: number): Uint32Array {
  const seen = new Uint32Array(count);
  return sources.map((source) => {
    const before = seen[source] as number; // sources are below `count`
    seen[source] = before + 1;
    return before;
  });
}
