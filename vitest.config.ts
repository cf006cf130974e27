import { defineConfig } from "vitest/config";
import { workerFromSource } from "./test/support/worker-from-source.ts";

export default defineConfig({
  plugins: [workerFromSource()],
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    // Without onnxruntime-node tests fail, and do not pass on WebAssembly unless that is asked for.
    env: { VULTUS_RUNTIME: process.env.VULTUS_RUNTIME ?? "native" },
    projects: [
      { extends: true, test: { name: "unit", include: ["src/**/*.test.ts"] } },
      {
        extends: true,
        test: { name: "whole", include: ["test/**/*.test.ts"], globalSetup: "test/support/build.ts" },
      },
    ],
  },
});
