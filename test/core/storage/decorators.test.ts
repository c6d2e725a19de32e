import { AdaptiveLimit } from "../../../src/core/storage/adaptive-limit.js";
import { createMemorySource } from "../../../src/core/storage/index.js";
import { withCoalescing } from "../../../src/core/storage/with-coalescing.js";
import { withLimits } from "../../../src/core/storage/with-limits.js";
import { withMeter } from "../../../src/core/storage/with-meter.js";
import { withRetry } from "../../../src/core/storage/with-retry.js";
import { storageConformance } from "./conformance.js";

storageConformance("with retry", async (bytes) => withRetry(createMemorySource(bytes)));
storageConformance("with limits", async (bytes) => withLimits(createMemorySource(bytes), { requests: 2, bytes: 1000 }));
storageConformance("with meter", async (bytes) => withMeter(createMemorySource(bytes)));
storageConformance("with coalescing", async (bytes) => withCoalescing(createMemorySource(bytes)));
storageConformance("with coalescing, small requests", async (bytes) =>
  withCoalescing(createMemorySource(bytes), { gapBytes: 100, requestBytes: 700, waste: 0.2 }),
);
storageConformance("with everything", async (bytes) => {
  const retried = withRetry(withMeter(createMemorySource(bytes)));
  return withCoalescing(withLimits(retried, { requests: new AdaptiveLimit({ initial: 2 }) }));
});
