/**
 * Builds the page into dist/web: static files that any host can serve from any path. The models and ONNX Runtime's
 * WebAssembly lie among them, so a page asks nothing of anybody else.
 */

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  worker: { format: "es" },
  build: {
    outDir: here("../dist/web"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    // ONNX Runtime is large, and loaded when it is needed.
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      input: { index: here("index.html"), watch: here("watch.html") },
      output: {
        assetFileNames: ({ names }) =>
          names.some((name) => name.endsWith(".onnx"))
            ? "models/[name][extname]"
            : "assets/[name]-[hash][extname]",
      },
    },
  },
});
