/**
 * Builds the package's JavaScript into dist/: entries, and next to them chunks with shared code and lazy imports. Libraries are
 * bundled, since 400 separate modules take a third of a second to load, and installing the package would fetch 150 packages.
 * `types.ts` builds the declarations.
 */

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";
import manifest from "../package.json" with { type: "json" };

const root = fileURLToPath(new URL("..", import.meta.url));
/** Files directly in src/ are public entries; the element's has only types, and its code is part of the page. */
const entries = readdirSync(`${root}/src`).filter((name) => name.endsWith(".ts") && name !== "element.ts");

/** Packages that are installed with this one because they contain compiled code; all others are bundled. */
const { dependencies, optionalDependencies, peerDependencies } = manifest;
const installed = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });

/** The code that the bundler's helpers import from Node, and the same without an import, since browsers load the helpers too. */
const nodeImport = 'import { createRequire } from "node:module";';
const nodeOnly =
  'const createRequire = globalThis.process?.getBuiltinModule?.("node:module")?.createRequire ?? (() => undefined);';

const helpersForBrowsers: Plugin = {
  name: "helpers-for-browsers",
  renderChunk: (code, { name }) => (name === "rolldown-runtime" ? code.replace(nodeImport, nodeOnly) : null),
};

export default defineConfig({
  root,
  plugins: [helpersForBrowsers],
  ssr: { noExternal: true, external: installed },
  build: {
    ssr: true,
    outDir: "dist",
    emptyOutDir: false,
    target: "node20",
    minify: false,
    reportCompressedSize: false,
    license: { fileName: "third-party-licenses.md" },
    rolldownOptions: {
      input: {
        ...Object.fromEntries(entries.map((name) => [name.slice(0, -3), `src/${name}`])),
        start: "src/cli/start.ts",
        worker: "src/runtime/worker.node.ts",
      },
      // A process that runs during a rebuild still finds the files that it has yet to import.
      output: { entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" },
    },
  },
});
