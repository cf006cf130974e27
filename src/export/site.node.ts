/** The page with a model of one's own: a folder that any static host serves, below any path. */

import { createHash } from "node:crypto";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";
import { z } from "zod";
import { UsageError, VultusError } from "../util/errors.ts";
import { makeFolder, readJson, reasonOf, writeFileAtomic } from "../util/files.node.ts";
import { packageFile } from "../util/package.node.ts";
import { PAGE_MODELS, type PageModel, pageModelFile, pageModelsText } from "./page-models.ts";

export interface SiteModel {
  /** What the page calls it. */
  readonly name: string;
  /** Its bundle. */
  readonly bytes: Uint8Array;
  /** The class prior that the page shifts its probabilities to. Default: that of the bundle. */
  readonly prior?: PageModel["prior"];
}

/** Lists the files of an export, so that the next one replaces these files and no others. */
export const SITE_FILES = "vultus-site.json";

/** SHA-256 of each file, by its path below the site's folder, with forward slashes. */
const siteSchema = z.object({ files: z.record(z.string().refine(isBelow), z.string()) });
type SiteFiles = z.infer<typeof siteSchema>["files"];

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
 * Writes the page into `folder`, in place of one that was exported there before. Everything is written beside the old files
 * first, so that a failure leaves the old page as it was. The built page is taken from `built`.
 *
 * @returns the model's file.
 * @throws UsageError where the page is not built, or the folder holds something else; VultusError where it cannot be written.
 */
export function writeSite(
  folder: string,
  { name, bytes, prior }: SiteModel,
  built: string = packageFile("dist/web"),
): string {
  if (!existsSync(join(built, "index.html")))
    throw new UsageError("the page is not built: run `npm run build`, then export again");
  const before = filesBefore(folder);
  const file = pageModelFile(name);
  const contents = new Map<string, string | Uint8Array>([
    ...builtFiles(built).map((path) => [path, readFileSync(join(built, path))] as const),
    [file, bytes],
    [PAGE_MODELS, pageModelsText({ models: [{ name, file, bytes: bytes.length, ...(prior && { prior }) }] })],
    ["_headers", HEADERS],
    // GitHub Pages would otherwise put every file through Jekyll.
    [".nojekyll", ""],
  ]);
  const now = Object.fromEntries([...contents].map(([path, content]) => [path, sha256(content)]));
  checkForeign(folder, before, now);
  makeFolder(folder);
  const beside = mkdtempSync(join(folder, ".vultus-site-"));
  try {
    for (const [path, content] of contents) {
      makeFolder(dirname(join(beside, path)));
      writeFileAtomic(join(beside, path), content);
    }
    for (const path of contents.keys()) {
      makeFolder(dirname(join(folder, path)));
      renameSync(join(beside, path), join(folder, path));
    }
    writeFileAtomic(join(folder, SITE_FILES), `${JSON.stringify({ files: now }, undefined, 2)}\n`);
    for (const path of Object.keys(before)) if (!Object.hasOwn(now, path)) removeFile(folder, path);
  } catch (error) {
    if (error instanceof VultusError) throw error;
    throw new VultusError(`the page cannot be written to ${folder}: ${reasonOf(error)}`, { cause: error });
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
  return join(folder, file);
}

/**
 * The files of the export in `folder`; none in a new or an empty folder.
 *
 * @throws UsageError for a folder that holds something else.
 */
function filesBefore(folder: string): SiteFiles {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (!found) return {};
  if (!found.isDirectory()) throw new UsageError(`${folder} is a file; name a folder with --out`);
  const list = join(folder, SITE_FILES);
  if (existsSync(list)) {
    const site = siteSchema.safeParse(readJson(list));
    if (site.success) return site.data.files;
    throw new UsageError(`${list} is not what vultus wrote; name an empty or a new folder with --out`);
  }
  if (readdirSync(folder).some((file) => !file.startsWith(".")))
    throw new UsageError(
      `${folder} is not empty and holds no ${SITE_FILES}, which lists the files of an exported page; ` +
        "name an empty or a new folder with --out. If an earlier version exported a page there, delete that page first",
    );
  return {};
}

/** @throws UsageError if a file that is to be replaced or removed is not as an export wrote it. */
function checkForeign(folder: string, before: SiteFiles, now: SiteFiles): void {
  const foreign = Object.keys({ ...before, ...now }).filter((path) => {
    const at = join(folder, path);
    const found = statSync(at, { throwIfNoEntry: false });
    if (!found) return false;
    const content = found.isFile() ? sha256(readFileSync(at)) : undefined;
    return content === undefined || (content !== before[path] && content !== now[path]);
  });
  if (foreign.length === 0) return;
  const [few, more] = [foreign.slice(0, 3).join(", "), foreign.length - 3];
  throw new UsageError(
    `an export to ${folder} would overwrite files that vultus did not write, or that were changed since: ` +
      `${few}${more > 0 ? ` and ${more} more` : ""}. Move them away, or name a new folder with --out`,
  );
}

/** Removes a file of an export, and the folders that it leaves empty. */
function removeFile(folder: string, path: string): void {
  rmSync(join(folder, path), { force: true });
  for (let at = posix.dirname(path); at !== "."; at = posix.dirname(at)) {
    const parent = join(folder, at);
    if (!existsSync(parent) || readdirSync(parent).length > 0) return;
    rmdirSync(parent);
  }
}

function builtFiles(built: string): string[] {
  return readdirSync(built, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(built, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter(isOfSite);
}

/** The view of trainings needs its server, and the model is another. */
function isOfSite(path: string): boolean {
  return !path.split("/").some((part) => /^(watch.*|models(\.json)?)$/.test(part));
}

/** Whether a path leads to a place below its folder. */
function isBelow(path: string): boolean {
  return !/^[/\\]|^[a-z]:|(^|[/\\])\.\.?([/\\]|$)/i.test(path) && path !== "";
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
