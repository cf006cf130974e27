/**
 * Bundles a small page from one folder into another, as a user's bundler would; but `vultus/web` comes from its source, and
 * `vultus/element` from the page's build.
 */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "vite";

const web = fileURLToPath(new URL("../../src/web.ts", import.meta.url));

/** The pages are the HTML files in `root`. */
export async function buildPage(
  root: string,
  outDir: string,
  plugins: readonly Plugin[] = [],
): Promise<void> {
  const pages = readdirSync(root).filter((file) => file.endsWith(".html"));
  // Vitest sets NODE_ENV, and Vite would build for development.
  const { NODE_ENV: before } = process.env;
  process.env.NODE_ENV = "production";
  await build({
    root,
    configFile: false,
    plugins: [...plugins],
    oxc: { jsx: { runtime: "automatic" } },
    worker: { format: "es" },
    resolve: { alias: { "vultus/web": web } },
    base: "./",
    logLevel: "error",
    build: {
      outDir,
      emptyOutDir: true,
      target: "es2022",
      assetsInlineLimit: 0,
      reportCompressedSize: false,
      rolldownOptions: {
        input: pages.map((file) => join(root, file)),
        checks: { pluginTimings: false },
      },
    },
  }).finally(() => {
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  });
}
