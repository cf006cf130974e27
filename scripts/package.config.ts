/**
 * Builds the package's JavaScript into dist/: what several entries share, and what is imported when it is needed, in chunks
 * beside them. Libraries are built in, for read one by one, 400 modules take a third of a second to load, and whoever
 * installs the package would fetch 150 packages. `types.ts` builds the declarations.
 */

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";
import manifest from "../package.json" with { type: "json" };

const root = fileURLToPath(new URL("..", import.meta.url));
/** Files of src/ outside of its folders are public entries; the element's has types only, and its code is part of the page. */
const entries = readdirSync(`${root}/src`).filter((name) => name.endsWith(".ts") && name !== "element.ts");

/** Packages that are installed beside this one, for they hold compiled code; all others are built in. */
const { dependencies, optionalDependencies, peerDependencies } = manifest;
const installed = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });

/** What the bundler's own helpers import from Node, and the same without an import, since browsers load the helpers too. */
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
      // A process that runs while it is built again finds what it has yet to import.
      output: { entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" },
    },
  },
});
