/**
 * Builds the page into dist/web: static files that any host can serve from any path. The models and ONNX Runtime's
 * WebAssembly lie among them, so a page asks nothing of anybody else.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";
import { PAGE_MODELS, pageModelFile, pageModelsText } from "../src/export/page-models.ts";
import { DEFAULT_MODEL, shippedModel } from "../src/weights/shipped.node.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [shippedModelFiles(), offlineFiles()],
  worker: { format: "es", rolldownOptions: { checks: { pluginTimings: false } } },
  build: {
    outDir: here("../dist/web"),
    emptyOutDir: true,
    reportCompressedSize: false,
    target: "es2022",
    assetsInlineLimit: 0,
    // ONNX Runtime is large, and loaded when it is needed.
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      checks: { pluginTimings: false },
      input: {
        index: here("index.html"),
        watch: here("watch.html"),
        sw: here("src/service-worker.ts"),
      },
      output: {
        // A service worker is known by its address.
        entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
        assetFileNames: ({ names }) =>
          names.some((name) => name.endsWith(".onnx"))
            ? "faces/[name][extname]"
            : "assets/[name]-[hash][extname]",
      },
    },
  },
});

/** The page as it is built has the model that ships. */
function shippedModelFiles(): Plugin {
  return {
    name: "vultus-shipped-model",
    apply: "build",
    generateBundle() {
      const source = readFileSync(shippedModel());
      const model = { name: DEFAULT_MODEL, file: pageModelFile(DEFAULT_MODEL), bytes: source.length };
      this.emitFile({ type: "asset", fileName: model.file, source });
      const text = pageModelsText({ models: [model] });
      this.emitFile({ type: "asset", fileName: PAGE_MODELS, source: text });
    },
  };
}

/**
 * Tells the service worker the files that the page needs without a network: all but the models and ONNX Runtime, of which
 * the page tells those that run here, and the view of trainings, which needs its server.
 */
function offlineFiles(): Plugin {
  return {
    name: "vultus-offline-files",
    apply: "build",
    enforce: "post",
    generateBundle(_, bundle) {
      const worker = bundle["sw.js"];
      if (worker?.type !== "chunk") throw new Error("the service worker was not built");
      const files = Object.keys(bundle)
        .filter(
          (name) => !/(^sw\.js|\.map|\.html|\.wasm|\.json)$|^models\/|^assets\/(ort\.|watch)/.test(name),
        )
        .sort();
      const version = createHash("sha256").update(files.join("\n")).digest("hex").slice(0, 12);
      worker.code = worker.code
        .replace(/__FILES__/g, JSON.stringify(files))
        .replace(/__VERSION__/g, JSON.stringify(version));
    },
  };
}
