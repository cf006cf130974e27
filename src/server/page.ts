/**
 * Serves the page at `/`: the files that `npm run build` puts into `dist/web/`, with the headers that threads in
 * browsers need.
 */

import { existsSync } from "node:fs";
import { join, sep } from "node:path";
import files from "@fastify/static";
import type { FastifyInstance } from "fastify";
import { PAGE_MODELS } from "../export/page-models.ts";
import { packageFile } from "../util/package.node.ts";
import { pageModelRoutes, type ServedPageModels } from "./page-models.ts";

/**
 * Allows no external resources or requests. Exceptions: compiling WebAssembly, workers from blobs, and images from
 * blobs, which show the user's images.
 */
const policy = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval' blob:",
  "worker-src 'self' blob:",
  "connect-src 'self' blob: data:",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The first two headers isolate the page; only then does it have `SharedArrayBuffer`, and so WebAssembly threads. */
export const pageHeaders: Readonly<Record<string, string>> = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "content-security-policy": policy,
  "permissions-policy": "camera=(self), microphone=(), geolocation=()",
};

export interface PageSettings {
  /** The file served at `/`: `index.html`, or another entry of the same build. */
  readonly entry?: string;
  /** Folder of the built page. */
  readonly folder?: string;
  /** Returns the page's current models. Default: those that it was built with. */
  readonly models?: () => ServedPageModels;
}

/** Serves the page. If it is not built, `/` explains how to build it. */
export async function page(app: FastifyInstance, settings: PageSettings = {}): Promise<void> {
  const { entry = "index.html", folder = packageFile("dist/web"), models } = settings;
  if (!existsSync(folder)) {
    app.get("/", async (_, reply) =>
      reply
        .headers(pageHeaders)
        .type("text/plain; charset=utf-8")
        .send("The page is not built: run `npm run build`. The service itself is running; see /docs.\n"),
    );
    return;
  }
  const assets = join(folder, "assets") + sep;
  await app.register(files, {
    root: folder,
    index: [entry],
    preCompressed: true,
    // Each file has its own route, so nothing else in the folder is reachable.
    wildcard: false,
    ...(models ? { globIgnore: [PAGE_MODELS, "models/**"] } : {}),
    cacheControl: false,
    setHeaders: (reply, path) => {
      for (const [name, value] of Object.entries(pageHeaders)) reply.setHeader(name, value);
      // Vite puts a content hash into the names of files in assets/.
      const fixed = path.startsWith(assets);
      reply.setHeader("cache-control", fixed ? "public, max-age=31536000, immutable" : "no-cache");
    },
  });
  if (models) pageModelRoutes(app, models, pageHeaders);
}
