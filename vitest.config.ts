import { defineConfig } from "vitest/config";
import { workerFromSource } from "./test/support/worker-from-source.ts";

/** They run last, one after the other: the threads of a training in a page wait for each other if others take the cores. */
const trainingPages = ["test/teach*.test.ts"];

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
        test: {
          name: "whole",
          include: ["test/**/*.test.ts"],
          exclude: trainingPages,
          globalSetup: "test/support/build.ts",
        },
      },
      {
        extends: true,
        test: {
          name: "pages",
          include: trainingPages,
          globalSetup: "test/support/build.ts",
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
