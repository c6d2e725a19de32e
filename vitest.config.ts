import { defineConfig } from "vitest/config";

/** `.ci/run` reads how many tests passed from here, one file per run. */
const ciReport = `.cache/vitest/${process.env.HEXZ_TEST_REPORT ?? `node-${process.versions.node}`}.json`;

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    typecheck: { enabled: false },
    testTimeout: 60_000,
    // Which Node to run on is decided by package.json, not by a package for tests.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
    pool: "forks",
    maxWorkers: 2,
    reporters: process.env.CI ? ["default", ["json", { outputFile: ciReport }]] : ["default"],
  },
});
