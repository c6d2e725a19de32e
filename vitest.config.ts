import { defineConfig } from "vitest/config";

/** `.ci/run` reads how many tests passed from here, one file per Node version. */
const ciReport = `.cache/vitest/node-${process.versions.node}.json`;

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    typecheck: { enabled: false },
    testTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
    reporters: process.env.CI ? ["default", ["json", { outputFile: ciReport }]] : ["default"],
  },
});
