/** Exports the page with a custom model, as a folder that any static host can serve below any path. */

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
  /** Display name on the page. */
  readonly name: string;
  /** The model's bundle. */
  readonly bytes: Uint8Array;
  /** The class prior that the page shifts its probabilities to. Default: that of the bundle. */
  readonly prior?: PageModel["prior"];
}

/** Lists the files of an export, so that the next one replaces only these. */
export const SITE_FILES = "vultus-site.json";

/** SHA-256 of each file, by its path below the site's folder, with forward slashes. */
const siteSchema = z.object({ files: z.record(z.string().refine(isBelow), z.string()) });
type SiteFiles = z.infer<typeof siteSchema>["files"];

/**
 * Headers for hosts that read them from a file of this name (Netlify, Cloudflare Pages); others ignore it. The first
 * two enable WebAssembly threads from the first visit on; the last allows pages of other hosts to load
 * `vultus-element.js`.
 */
const HEADERS = `/*
  Cross-Origin-Opener-Policy: same-origin
  Cross-Origin-Embedder-Policy: require-corp
  Access-Control-Allow-Origin: *
  Cross-Origin-Resource-Policy: cross-origin
`;

/**
 * Writes the page into `folder`, replacing an earlier export. Everything is first written next to the old files, so that
 * a failure leaves the old page unchanged. The built page is taken from `built`.
 *
 * @returns the path of the model
 * @throws UsageError if the page is not built, or the folder contains something else; VultusError if it cannot be
 * written
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
    // Without this file, GitHub Pages would process every file with Jekyll.
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
    throw new VultusError(`cannot write the page to ${folder}: ${reasonOf(error)}`, { cause: error });
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
  return join(folder, file);
}

/**
 * Returns the files of the export in `folder`; none for a new or empty folder.
 *
 * @throws UsageError for a folder that contains something else.
 */
function filesBefore(folder: string): SiteFiles {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (!found) return {};
  if (!found.isDirectory()) throw new UsageError(`${folder} is a file; give a folder with --out`);
  const list = join(folder, SITE_FILES);
  if (existsSync(list)) {
    const site = siteSchema.safeParse(readJson(list));
    if (site.success) return site.data.files;
    throw new UsageError(`${list} was not written by vultus; give an empty or new folder with --out`);
  }
  if (readdirSync(folder).some((file) => !file.startsWith(".")))
    throw new UsageError(
      `${folder} is not empty and has no ${SITE_FILES}, which lists the files of an exported page; ` +
        "give an empty or new folder with --out. If an earlier version exported a page there, delete that page first",
    );
  return {};
}

/** @throws UsageError if a file to be replaced or removed is not as an export wrote it. */
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
    `exporting to ${folder} would overwrite files that vultus did not write or that have changed since: ` +
      `${few}${more > 0 ? ` and ${more} more` : ""}. Move them away, or give a new folder with --out`,
  );
}

/** Removes a file of an export, and the folders that become empty. */
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

/**
 * Returns whether a file of the build belongs to a site. The training view needs a server, and the model is replaced.
 */
function isOfSite(path: string): boolean {
  return !path.split("/").some((part) => /^(watch.*|models(\.json)?)$/.test(part));
}

/** Returns whether a path stays below its folder. */
function isBelow(path: string): boolean {
  return !/^[/\\]|^[a-z]:|(^|[/\\])\.\.?([/\\]|$)/i.test(path) && path !== "";
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
