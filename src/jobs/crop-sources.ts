/** The photos to crop, from folders or manifests, with the names of their crops. */

import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, posix, relative, resolve, sep } from "node:path";
import { sourceNames } from "../data/canonical.ts";
import { isTable, refuseOtherFiles, withoutTableEnding } from "../data/data-files.node.ts";
import { fer2013Columns } from "../data/fer2013-csv.node.ts";
import { refuseAbsent } from "../data/find-images.node.ts";
import { picturesBelow } from "../data/folder.node.ts";
import { readListedImages } from "../data/manifest-csv.node.ts";
import { readCsvHeader } from "../formats/csv.node.ts";
import { UsageError } from "../util/errors.ts";
import { isFolder } from "../util/files.node.ts";

/** The cells of a manifest's row, by column. */
export type Cells = Readonly<Record<string, string>>;

export interface PhotoToCrop {
  /** The path of its crops below `out`, with its own name and forward slashes: `train/happy/a.jpg`. */
  readonly name: string;
  readonly path: string;
}

/** A folder, or a manifest and its rows. */
export interface CropSource {
  readonly path: string;
  /** The folder below `out` for its crops; empty if it is the only source. */
  readonly under: string;
  readonly photos: readonly PhotoToCrop[];
  readonly manifest?: {
    readonly columns: readonly string[];
    readonly pathColumn: string;
    readonly rows: readonly { readonly cells: Cells; readonly photo: string }[];
    readonly notes: readonly string[];
  };
}

/**
 * Lists the photos of folders and manifests. With several sources, each gets its own folder below `out`.
 *
 * @throws UsageError for a source that is missing, has no photos, or overlaps `out`; FormatError for an invalid manifest.
 */
export async function cropSources(paths: readonly string[], out: string): Promise<CropSource[]> {
  if (paths.length === 0)
    throw new UsageError("no photos given; name a folder, or a CSV file that lists them");
  const named = paths.map((path) => withoutTableEnding(resolve(path)).split(sep).join("/"));
  const names = paths.length > 1 ? sourceNames(named) : [""];
  const sources: CropSource[] = [];
  for (const [i, path] of paths.entries()) {
    // Without colons, which not every file system allows in names.
    const under = (names[i] as string).replaceAll(":", "_");
    refuseOtherFiles(path);
    const source = isTable(path) ? await listed(path, under) : below(path, under);
    if (source.photos.length === 0) throw new UsageError(`${path} contains no photos`);
    checkApart(source, out);
    sources.push(source);
  }
  return sources;
}

function below(path: string, under: string): CropSource {
  if (!isFolder(path))
    throw new UsageError(`${path} does not exist; name a folder of photos, or a CSV file that lists them`);
  const photos = Array.from(picturesBelow(path), (photo) => ({
    name: posix.join(under, relative(path, photo).split(sep).join("/")),
    path: photo,
  }));
  return { path, under, photos };
}

async function listed(path: string, under: string): Promise<CropSource> {
  const columns = await readCsvHeader(path, fer2013Columns);
  if (fer2013Columns.every((column) => columns.includes(column)))
    throw new UsageError(`${path} already contains face crops of 48 × 48 pixels; train on it directly`);
  const { header, pathColumn, rows, notes } = await readListedImages(path);
  const files = rows.map(({ image }) => image.file);
  refuseAbsent(path, files);
  const photos = new Map<string, PhotoToCrop>();
  const taken = new Set<string>();
  for (const { image } of rows) {
    if (photos.has(image.file)) continue;
    const own = image.isMoved ? relative(dirname(path), image.file) : image.id;
    const { dir, name, ext } = posix.parse(posix.join(under, nameOf(own)));
    let free = posix.join(dir, `${name}${ext}`);
    for (let number = 2; taken.has(free); number++) free = posix.join(dir, `${name}~${number}${ext}`);
    taken.add(free);
    photos.set(image.file, { name: free, path: image.file });
  }
  const listed = rows.map(({ cells, image }) => ({ cells, photo: image.file }));
  return {
    path,
    under,
    photos: [...photos.values()],
    manifest: { columns: header, pathColumn, rows: listed, notes },
  };
}

/** Removes the parts of a manifest's path that lead out of the manifest's folder. */
function nameOf(path: string): string {
  const parts = path
    .split(sep)
    .join("/")
    .replace(/^[a-z]:/i, "")
    .split("/");
  return posix.normalize(parts.filter((part) => part !== ".." && part !== "." && part !== "").join("/"));
}

/** @throws UsageError if the crops' folder is inside the photos' folder, or the reverse. */
function checkApart({ path, photos, manifest }: CropSource, out: string): void {
  const folders = manifest ? new Set(photos.map((photo) => dirname(photo.path))) : [path];
  for (const folder of folders) {
    const apart = manifest ? !isWithin(real(folder), real(out)) : areApart(folder, out);
    if (apart) continue;
    throw new UsageError(
      `--out ${out} and the photos in ${folder} overlap, so crops would be mistaken for photos; give an --out next to it, such as ${besides(folder)}`,
    );
  }
}

/** Whether neither of two folders is inside the other. */
function areApart(a: string, b: string): boolean {
  return !isWithin(real(a), real(b)) && !isWithin(real(b), real(a));
}

/** Returns a new folder for the crops of at least one source; it does not exist yet and is inside none of them. */
export function freeCropFolder(sources: readonly string[]): string {
  const [first = "."] = sources;
  const folders = sources.filter(isFolder);
  const isFree = (out: string): boolean =>
    !existsSync(out) && folders.every((folder) => areApart(folder, out));
  const beside = besides(withoutTableEnding(first));
  const names = ["faces", basename(beside), beside];
  for (let number = 2; !names.some(isFree) && number < 100; number++) names.push(`${beside}-${number}`);
  return names.find(isFree) ?? beside;
}

/** Returns the name of a folder next to another: `photos-faces`. */
function besides(folder: string): string {
  const path = resolve(folder);
  return relative(process.cwd(), join(dirname(path), `${basename(path)}-faces`));
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/** Resolves symbolic links in the part of the path that exists. */
function real(path: string): string {
  const whole = resolve(path);
  if (existsSync(whole)) return realpathSync(whole);
  const parent = dirname(whole);
  return parent === whole ? whole : join(real(parent), basename(whole));
}
