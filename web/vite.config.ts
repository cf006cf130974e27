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
  plugins: [shippedModelFiles(), bundlersFindWorker(), offlineFiles()],
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
        review: here("review.html"),
        sw: here("src/service-worker.ts"),
        "vultus-element": here("src/element/vultus-camera.tsx"),
      },
      output: {
        // A service worker, and what other pages load, are known by their addresses.
        entryFileNames: ({ name }) =>
          name === "sw" || name === "vultus-element" ? "[name].js" : "assets/[name]-[hash].js",
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
 * Writes the worker's address as other bundlers look for it, since people bundle `vultus/element` into pages of their own: plainly
 * where the worker is started, and hidden where it is only an address, for which they would copy the file a second time.
 */
function bundlersFindWorker(): Plugin {
  const started =
    /new URL\(new URL\(`(worker-[\w-]+\.js)`,import\.meta\.url\)\.href,``\+import\.meta\.url\)/g;
  const named = /new URL\(`(worker-[\w-]+\.js)`,import\.meta\.url\)\.href/g;
  return {
    name: "vultus-bundlers-find-worker",
    apply: "build",
    enforce: "post",
    generateBundle(_, bundle) {
      let found = 0;
      for (const file of Object.values(bundle)) {
        if (file.type !== "chunk") continue;
        file.code = file.code
          .replace(started, (__, worker) => (found++, `new URL("./${worker}",import.meta.url)`))
          .replace(named, (__, worker) => (found++, `new URL(["./${worker}"][0],import.meta.url).href`));
      }
      if (found !== 2)
        this.error(`the worker's address is written ${found} times, and not twice as expected`);
    },
  };
}

/**
 * Tells the service worker the files that the page needs without a network: all but the models and ONNX Runtime's WebAssembly, of
 * which the page tells those that run here, and the pages of `watch` and `review`, which need their servers.
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
          (name) => !/(^sw\.js|\.map|\.html|\.wasm|\.json)$|^models\/|^assets\/(watch|review)/.test(name),
        )
        .sort();
      const version = createHash("sha256").update(files.join("\n")).digest("hex").slice(0, 12);
      worker.code = worker.code
        .replace(/__FILES__/g, JSON.stringify(files))
        .replace(/__VERSION__/g, JSON.stringify(version));
    },
  };
}
