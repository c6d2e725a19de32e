// The README's quick start as a program: `node examples/quick-start.mjs`, after `npm run build`.
import { mkdir } from "node:fs/promises";
import { openDataset, pack } from "hexz";
import { idx } from "hexz/sources";

await mkdir("demo-output", { recursive: true });
const images = "examples/data/t10k-images-idx3-ubyte.gz";
const labels = "examples/data/t10k-labels-idx1-ubyte.gz";
await pack(idx({ images, labels }), "demo-output/train.hxz", { overwrite: true });
const dataset = await openDataset("demo-output/train.hxz");
const loader = dataset.loader({ batchSize: 128, shuffle: { seed: 7 } });
for await (const batch of loader) console.log(batch.step, batch.columns.image.length, batch.columns.label.slice(0, 5));
await dataset.close();
