/**
 * Builds a small page out of a folder, as a user's bundler would, into another folder; but `vultus/web` from its source, and
 * `vultus/element` as the page's build made it.
 */

import { fileURLToPath } from "node:url";
import { build, type Plugin } from "vite";
import { vi } from "vitest";

const web = fileURLToPath(new URL("../../src/web.ts", import.meta.url));

/** The page is `root`/index.html. */
export async function buildPage(
  root: string,
  outDir: string,
  plugins: readonly Plugin[] = [],
): Promise<void> {
  // Vitest sets NODE_ENV, and Vite would build for development.
  vi.stubEnv("NODE_ENV", "production");
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
      rolldownOptions: { checks: { pluginTimings: false } },
    },
  }).finally(() => vi.unstubAllEnvs());
}
