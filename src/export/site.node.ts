/** The page with a model of one's own: a folder that any static host serves, below any path. */

import { cpSync, existsSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { UsageError } from "../util/errors.ts";
import { makeFolder, writeFileAtomic } from "../util/files.node.ts";
import { packageFile } from "../util/package.node.ts";
import { PAGE_MODELS, pageModelFile, pageModelsText } from "./page-models.ts";

export interface SiteModel {
  /** What the page calls it. */
  readonly name: string;
  /** Its bundle. */
  readonly bytes: Uint8Array;
}

/** Folders of a site that belong to the page alone; each export writes them anew. */
const OWN_FOLDERS = ["assets", "faces", "models"];

/**
 * Headers for hosts that read them from a file of this name (Netlify, Cloudflare Pages); others pass over it. The first two
 * give WebAssembly its threads from the first visit on, the last lets pages of other hosts load `vultus-element.js`.
 */
const HEADERS = `/*
  Cross-Origin-Opener-Policy: same-origin
  Cross-Origin-Embedder-Policy: require-corp
  Access-Control-Allow-Origin: *
  Cross-Origin-Resource-Policy: cross-origin
`;

/**
 * Writes the page into `folder`, in place of one that was exported there before. The built page is taken from `built`.
 *
 * @returns the model's file.
 * @throws UsageError where the page is not built, or the folder holds something else.
 */
export function writeSite(
  folder: string,
  { name, bytes }: SiteModel,
  built: string = packageFile("dist/web"),
): string {
  if (!existsSync(join(built, "index.html")))
    throw new UsageError("the page is not built: run `npm run build`, then export again");
  const isOurs = existsSync(join(folder, PAGE_MODELS));
  if (existsSync(folder) && !isOurs && readdirSync(folder).some((file) => !file.startsWith(".")))
    throw new UsageError(
      `${folder} is not empty and holds no page that vultus exported; name an empty or a new folder with --out`,
    );
  for (const own of OWN_FOLDERS) rmSync(join(folder, own), { recursive: true, force: true });
  const file = pageModelFile(name);
  const path = join(folder, file);
  makeFolder(dirname(path));
  writeFileAtomic(path, bytes);
  writeFileAtomic(
    join(folder, PAGE_MODELS),
    pageModelsText({ models: [{ name, file, bytes: bytes.length }] }),
  );
  writeFileAtomic(join(folder, "_headers"), HEADERS);
  // GitHub Pages would otherwise put every file through Jekyll.
  writeFileAtomic(join(folder, ".nojekyll"), "");
  for (const entry of readdirSync(built).filter(isOfSite))
    cpSync(join(built, entry), join(folder, entry), { recursive: true, filter: isOfSite });
  return path;
}

/** The view of trainings needs its server, and the model is another. */
function isOfSite(path: string): boolean {
  return !/(^|[\\/])(watch[^\\/]*|models(\.json)?)$/.test(path);
}
