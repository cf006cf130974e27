/** The page at `/`: the files that `npm run build` put into `dist/web/`, with the headers that a browser's threads need. */

import { existsSync } from "node:fs";
import { join, sep } from "node:path";
import files from "@fastify/static";
import type { FastifyInstance } from "fastify";
import { PAGE_MODELS } from "../export/page-models.ts";
import { packageFile } from "../util/package.node.ts";
import { pageModelRoutes, type ServedPageModels } from "./page-models.ts";

/**
 * Nothing comes from elsewhere and nothing goes there. WebAssembly must be compiled, workers may be made of blobs, and
 * images that a person picked are shown as blobs.
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

/** `SharedArrayBuffer`, and with it WebAssembly's threads, exists only in a page that is isolated by the first two. */
export const pageHeaders: Readonly<Record<string, string>> = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "content-security-policy": policy,
  "permissions-policy": "camera=(self), microphone=(), geolocation=()",
};

export interface PageSettings {
  /** The file at `/`: `index.html`, or another entry of the same build. */
  readonly entry?: string;
  /** Where the built page lies. */
  readonly folder?: string;
  /** The page's models at this moment. Default: those that it was built with. */
  readonly models?: () => ServedPageModels;
}

/** Serves the page; where it is not built, `/` says how to build it. */
export async function page(app: FastifyInstance, settings: PageSettings = {}): Promise<void> {
  const { entry = "index.html", folder = packageFile("dist/web"), models } = settings;
  if (!existsSync(folder)) {
    app.get("/", async (_, reply) =>
      reply
        .headers(pageHeaders)
        .type("text/plain; charset=utf-8")
        .send("The page is not built: run `npm run build`. The service itself works; see /docs.\n"),
    );
    return;
  }
  const assets = join(folder, "assets") + sep;
  await app.register(files, {
    root: folder,
    index: [entry],
    preCompressed: true,
    // Each file is a route of its own: nothing else below the folder can be asked for.
    wildcard: false,
    ...(models ? { globIgnore: [PAGE_MODELS, "models/**"] } : {}),
    cacheControl: false,
    setHeaders: (reply, path) => {
      for (const [name, value] of Object.entries(pageHeaders)) reply.setHeader(name, value);
      // Vite puts a hash of the content into the names of what lies in assets/.
      const fixed = path.startsWith(assets);
      reply.setHeader("cache-control", fixed ? "public, max-age=31536000, immutable" : "no-cache");
    },
  });
  if (models) pageModelRoutes(app, models, pageHeaders);
}
