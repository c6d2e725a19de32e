import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

/** Side of a tile: a Fashion-MNIST image of 28 × 28 at some place in it. */
export const TILE = 32;
const SIDE = 28;
const IMAGE_BYTES = SIDE * SIDE;
const CHANNELS = 3;
const IMAGES_HEADER = 16;
const LABELS_HEADER = 8;
/** One tile in so many has noise everywhere, not only in its garment: what brings LZ4 to about 2×. */
const NOISY_TILES = 32;

const examples = fileURLToPath(new URL("../../../examples/data/", import.meta.url));

/** Draws a tile into `row` at byte `at` and gives the class of its garment. */
export type DrawTile = (row: Uint8Array, at: number, strideBytes: number) => number;

/** Tiles made of the repository's 10,000 Fashion-MNIST images: each a random one, moved, in two random colours, with noise of three bits. */
export function createTiles(random: () => number): DrawTile {
  const images = gunzipSync(readFileSync(`${examples}t10k-images-idx3-ubyte.gz`)).subarray(IMAGES_HEADER);
  const labels = gunzipSync(readFileSync(`${examples}t10k-labels-idx1-ubyte.gz`)).subarray(LABELS_HEADER);
  const front = new Uint8Array(CHANNELS);
  const back = new Uint8Array(CHANNELS);
  return (row, at, strideBytes) => {
    const image = random() % labels.length;
    for (let c = 0; c < CHANNELS; c++) {
      front[c] = random() >>> 24;
      back[c] = random() >>> 24;
    }
    const left = random() % (TILE - SIDE + 1);
    const top = random() % (TILE - SIDE + 1);
    const noisy = random() % NOISY_TILES === 0;
    for (let y = 0; y < TILE; y++) {
      for (let x = 0; x < TILE; x++) {
        const inside = x >= left && x < left + SIDE && y >= top && y < top + SIDE;
        const value = inside ? (images[image * IMAGE_BYTES + (y - top) * SIDE + x - left] ?? 0) : 0;
        const noise = value > 0 || noisy ? random() >>> 8 : 0;
        drawPixel(row, at + y * strideBytes + x * CHANNELS, value, noise);
      }
    }
    return labels[image] ?? 0;
  };

  function drawPixel(row: Uint8Array, at: number, value: number, noise: number): void {
    for (let c = 0; c < CHANNELS; c++) {
      const from = back[c] ?? 0;
      const mixed = from + ((((front[c] ?? 0) - from) * value) >> 8);
      row[at + c] = Math.min(255, mixed + ((noise >>> (3 * c)) & 7));
    }
  }
}
