/**
 * A plugin with which the engines of tests run the worker from source. Worker threads bypass Vite, and tsx would cost each a
 * quarter of a second, so the worker is bundled: once, and again when one of its modules changes.
 */

import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin, type Rolldown } from "vite";
import { writeFileAtomic } from "../../src/util/files.node.ts";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const engine = path("../../src/runtime/engine.node.ts");
const worker = path("../../src/runtime/worker.node.ts");
/** Inside node_modules, so that the bundle finds its imports. */
const bundle = path("../../node_modules/.cache/vultus/worker.mjs");

export function workerFromSource(): Plugin {
  return {
    name: "worker-from-source",
    async transform(code, id) {
      if (id !== engine) return undefined;
      const { output } = (await build({
        configFile: false,
        logLevel: "error",
        build: { ssr: worker, write: false, minify: false, target: "node20" },
      })) as Rolldown.RolldownOutput;
      for (const module of output[0].moduleIds) this.addWatchFile(module);
      mkdirSync(dirname(bundle), { recursive: true });
      writeFileAtomic(bundle, output[0].code);
      const start = "new Worker(workerModule(),";
      if (!code.includes(start)) throw new Error(`${engine} no longer says \`${start}\``);
      return code.replace(start, `new Worker(${JSON.stringify(bundle)},`);
    },
  };
}
