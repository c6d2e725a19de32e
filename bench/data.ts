import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fields, pack } from "../src/index.js";
import type { PackResult } from "../src/pack/index.js";
import { idx } from "../src/sources/index.js";
import { RUNS } from "./timing.js";
import type { BenchData } from "./types.js";

const GENERATED_RECORDS = 200_000;
const GENERATED_RECORD_BYTES = 3072;
const GENERATED_SMALL_BUDGET_BYTES = 128 * 2 ** 20;

const examples = fileURLToPath(new URL("../../examples/data/", import.meta.url));

/** The 10,000 images of the repository. */
export function packFashionMnist(directory: string): Promise<BenchData> {
  const source = () =>
    idx({ images: `${examples}t10k-images-idx3-ubyte.gz`, labels: `${examples}t10k-labels-idx1-ubyte.gz` });
  const path = join(directory, "fashion-mnist.hxz");
  return packRuns("Fashion-MNIST", undefined, path, RUNS, () => pack(source(), path, { overwrite: true }));
}

/** 200,000 records of 3 KB that LZ4 shrinks to about two thirds; more than the small budget holds. */
export function packGenerated(directory: string): Promise<BenchData> {
  const path = join(directory, "generated.hxz");
  const schema = { data: fields.uint8([GENERATED_RECORD_BYTES]), label: fields.int32() };
  const name = "200,000 × 3 KB";
  return packRuns(name, GENERATED_SMALL_BUDGET_BYTES, path, RUNS, () =>
    pack(generatedRecords(), path, { schema, overwrite: true }),
  );
}

async function packRuns(
  name: string,
  smallBudgetBytes: number | undefined,
  path: string,
  runs: number,
  packOnce: () => Promise<PackResult>,
): Promise<BenchData> {
  const packMs: number[] = [];
  let result = await packOnce(); // warms the code and the page cache
  for (let run = 0; run < runs; run++) {
    const startMs = performance.now();
    result = await packOnce();
    packMs.push(performance.now() - startMs);
  }
  const { records, rawBytes, fileBytes } = result;
  return { name, path, records, rawBytes, fileBytes, smallBudgetBytes, packMs };
}

const GROUP_BYTES = 64;
const LITERAL_BYTES = 40;

/** The same records each time: groups of 40 random bytes and 24 bytes copied from up to 2 KB before. */
function* generatedRecords(): Generator<{ data: Uint8Array; label: number }> {
  const data = new Uint8Array(GENERATED_RECORD_BYTES);
  let state = 0x9e3779b9;
  const random = () => {
    // xorshift32 (Marsaglia 2003)
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  for (let record = 0; record < GENERATED_RECORDS; record++) {
    fillRecord(data, random);
    yield { data, label: record % 10 };
  }
}

function fillRecord(data: Uint8Array, random: () => number): void {
  const words = new Uint32Array(data.buffer);
  for (let at = 0; at < data.length; at += GROUP_BYTES) {
    for (let word = at / 4; word < (at + LITERAL_BYTES) / 4; word++) words[word] = random();
    const back = at === 0 ? 0 : random() % Math.min(at, 2048 - GROUP_BYTES);
    const from = at - back;
    data.copyWithin(at + LITERAL_BYTES, from, from + GROUP_BYTES - LITERAL_BYTES);
  }
}
