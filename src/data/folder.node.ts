/**
 * Reads a folder of images sorted by class: `dir/<class>`, `dir/<split>/<class>`, `dir/<class>/<split>`, or one of these further
 * down the tree.
 */

import { type Dirent, opendirSync, realpathSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import { UsageError, VultusError } from "../util/errors.ts";
import { reasonOf } from "../util/files.node.ts";
import { isOwnFolder } from "../util/own-folder.node.ts";
import { plural, type RawSample, type RawSource } from "./assemble.ts";
import { type FileKind, isSystemFolder, kindOfFile } from "./beside-images.ts";
import type { Split } from "./dataset.ts";
import { classKey, emotionNamed, readName, splitNamed } from "./names.ts";

/** Folder names that the docs use for results: not classes, unless requested. */
const resultFolders = new Set(["marked", "runs"]);

interface Listing {
  readonly folders: readonly string[];
  readonly files: readonly string[];
  /** Folders whose images are not data: system folders, folders that vultus wrote, and links to a folder above. */
  readonly noData: readonly string[];
}

interface Root {
  /** The folder where the layout begins: the requested one, or one inside it. */
  readonly root: string;
  readonly layout: "splits" | "classes";
}

/**
 * Reads everything in `dir`, in an order that depends only on names. Class folders are searched to any depth; links
 * are followed, each folder once; hidden files are skipped. Without split folders every sample is "train".
 *
 * @param classes the names requested with --classes; they help to recognise class folders.
 * @throws UsageError if the folder does not exist or contains no classes.
 */
export function readFolder(dir: string, classes: readonly string[] = []): RawSource {
  if (!reading(dir, () => statSync(dir, { throwIfNoEntry: false }))?.isDirectory()) {
    throw new UsageError(
      `There is no folder ${dir}. Give a folder that contains one folder of images per class.`,
    );
  }
  const asked = new Set(classes.map(classKey));
  const { root, layout } = findRoot(dir, asked);
  const notes: string[] = [];
  const noData = new Map<string, number>();
  const passOver = (name: string): void => void noData.set(name, (noData.get(name) ?? 0) + 1);
  notes.push(...looseNote(root));
  const found: ClassFolder[] = [];
  const names = dataFolders(root, asked, passOver);
  const hasTraining = names.some((name) => splitNamed(name) === "train");
  const beside: string[] = [];
  for (const name of names) {
    const split = splitNamed(name);
    if (layout === "classes") found.push({ under: name, className: name, split: "train" });
    else if (split !== undefined) {
      const classFolders = dataFolders(join(root, name), asked, passOver);
      notes.push(...looseNote(join(root, name)));
      found.push(...classFolders.map((className) => ({ under: `${name}/${className}`, className, split })));
    } else if (!hasTraining && isKnownClass(name, asked)) {
      found.push({ under: name, className: name, split: "train" });
      beside.push(name);
    } else notes.push(`folder ${join(root, name)} skipped: not train, validation or test`);
  }
  if (beside.length > 0)
    notes.push(`${beside.join(", ")} next to ${names.find(splitNamed)}: read as training images`);
  const cut = layout === "classes" ? splitsWithin(root, found) : undefined;
  if (cut) notes.push(`folders named ${cut.names.join(", ")} inside the class folders: read as splits`);
  const samples: RawSample[] = [];
  const classNames = new Set<string>();
  const besides: Record<Exclude<FileKind, "image">, number> = { other: 0, video: 0, raw: 0, elsewhere: 0 };
  for (const { under, className, split } of found) {
    const before = { samples: samples.length, noData: total(noData) };
    for (const id of walk(root, under, new Set(), passOver)) {
      const kind = kindOfFile(id.slice(id.lastIndexOf("/") + 1));
      if (kind !== "image") besides[kind]++;
      else
        samples.push({
          id,
          source: { kind: "file", path: join(root, id) },
          className,
          split: cut?.splitOf(under, id) ?? split,
        });
    }
    // A folder that contains only runs is not a class without images.
    if (samples.length > before.samples || total(noData) === before.noData) classNames.add(className);
  }
  if (noData.size > 0) notes.push(`folders skipped, because their images are not data: ${counted(noData)}`);
  for (const [kind, noun, why] of besideNotes)
    if (besides[kind] > 0) notes.push(`${plural(besides[kind], noun)} in ${dir} skipped: ${why}`);
  if (samples.length === 0) throw noClasses(dir);
  return {
    path: dir,
    classNames: [...classNames],
    samples,
    notes,
  };
}

const besideNotes = [
  ["other", "file", "their names are not those of images"],
  ["video", "video", "vultus learns only from images"],
  ["raw", "raw file", "export them as JPEG"],
  ["elsewhere", "placeholder", "the files are in cloud storage; download them first"],
] as const;

/** A folder of images of one class. */
interface ClassFolder {
  /** Its path relative to the root. */
  readonly under: string;
  readonly className: string;
  readonly split: Split;
}

/**
 * Returns the splits of `<class>/<split>/…`, if at least two class folders contain one with the name of a split; images next
 * to such folders have no split.
 */
function splitsWithin(
  root: string,
  classFolders: readonly ClassFolder[],
): { names: readonly string[]; splitOf(under: string, id: string): Split | undefined } | undefined {
  const within = classFolders.map(({ under }) =>
    list(join(root, under)).folders.filter((name) => splitNamed(name) !== undefined),
  );
  if (within.filter((names) => names.length > 0).length < 2) return undefined;
  const splitOf = (under: string, id: string): Split | undefined => {
    const [name, file] = id.slice(under.length + 1).split("/");
    return file === undefined ? undefined : splitNamed(name as string);
  };
  return { names: [...new Set(within.flat())].sort(), splitOf };
}

function isKnownClass(name: string, asked: ReadonlySet<string>): boolean {
  return emotionNamed(name) !== undefined || asked.has(classKey(name));
}

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

/** Returns a note on files in `path` that may be images but are in no class folder. */
function looseNote(path: string): string[] {
  const loose = list(path).files.filter((name) => kindOfFile(name) === "image").length;
  return loose === 0 ? [] : [`${plural(loose, "file")} in ${path} skipped: not in a class folder`];
}

/** Formats the names with their counts: `@eaDir (12), runs`. */
function counted(names: ReadonlyMap<string, number>): string {
  return [...names]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => (count === 1 ? name : `${name} (${count})`))
    .join(", ");
}

/** Returns the folders in `path` that may be splits, classes or data sets. */
function dataFolders(
  path: string,
  asked: ReadonlySet<string>,
  passOver: (name: string) => void = () => {},
): string[] {
  const { folders, noData } = list(path);
  const isResult = (name: string): boolean => resultFolders.has(classKey(name)) && !asked.has(classKey(name));
  for (const name of [...noData, ...folders.filter(isResult)]) passOver(name);
  return folders.filter((name) => !isResult(name));
}

/**
 * Finds the root by known names first (splits, then classes), here and then one level down; then by folders that contain
 * files; then, one level down, by two folders whose names contain the word of an emotion. If a folder contains only one
 * folder, the search starts from there.
 */
function findRoot(dir: string, asked: ReadonlySet<string>): Root {
  const named = (path: string): Root["layout"] | undefined => {
    const folders = dataFolders(path, asked);
    if (folders.some((name) => splitNamed(name) !== undefined)) return "splits";
    if (folders.some((name) => isKnownClass(name, asked))) return "classes";
    return undefined;
  };
  const namedByWord = (path: string): Root["layout"] | undefined =>
    dataFolders(path, asked).filter((name) => readName(name).emotions.length > 0).length > 1
      ? "classes"
      : undefined;
  const folders = dataFolders(dir, asked).map((name) => join(dir, name));
  const below = (layoutOf: typeof named): Root | undefined => {
    const roots = folders.flatMap((root) => {
      const layout = layoutOf(root);
      return layout ? [{ root, layout }] : [];
    });
    if (roots.length > 1) {
      throw new UsageError(
        `${dir} contains ${roots.length} data sets. Name the ones to use: ${roots.map(({ root }) => root).join(" ")}`,
      );
    }
    return roots[0];
  };
  const here = named(dir);
  if (here) return { root: dir, layout: here };
  const inside = below(named);
  if (inside) return inside;
  if (namedByWord(dir) || folders.some((folder) => list(folder).files.length > 0))
    return { root: dir, layout: "classes" };
  const insideByWord = below(namedByWord);
  if (insideByWord) return insideByWord;
  const [only, ...more] = folders;
  if (only === undefined || more.length > 0) throw noClasses(dir);
  return dataFolders(only, asked).length === 1 ? findRoot(only, asked) : { root: only, layout: "classes" };
}

function noClasses(dir: string): UsageError {
  const { folders, files } = list(dir);
  const found = [folders.slice(0, 5).join(", "), files.length > 0 ? plural(files.length, "file") : ""].filter(
    Boolean,
  );
  const table = files.find((name) => /\.[ct]sv$/i.test(name));
  return new UsageError(
    `${dir} has no class folders with images (found: ${found.join(" and ") || "nothing"}). ` +
      "Expected <folder>/<class>/… or <folder>/{train,validation,test}/<class>/…" +
      (table !== undefined
        ? `. If ${table} contains the labels, name ${join(dir, table)} instead of the folder`
        : "") +
      (files.length > 0 ? ". predict and data crop accept photos that are not in class folders" : ""),
  );
}

/**
 * Yields the paths of all files below a folder that may be images, one at a time: only the names in the folders that
 * lead to the current file are in memory. Order, links and hidden files are as in `readFolder`.
 */
export function* picturesBelow(dir: string): Generator<string> {
  for (const id of walk(dir, ".", new Set()))
    if (!["other", "elsewhere"].includes(kindOfFile(id.slice(id.lastIndexOf("/") + 1)))) yield join(dir, id);
}

/**
 * Yields the files below `root/under`, as paths relative to `root` with forward slashes. `seen` contains real paths, to
 * detect link loops.
 */
function* walk(
  root: string,
  under: string,
  seen: Set<string>,
  passOver: (name: string) => void = () => {},
): Generator<string> {
  const path = join(root, under);
  const real = reading(path, () => realpathSync(path));
  if (seen.has(real)) return;
  seen.add(real);
  const { folders, files, noData } = list(path);
  for (const name of noData) passOver(name);
  for (const name of files) yield `${under}/${name}`;
  for (const name of folders) yield* walk(root, `${under}/${name}`, seen, passOver);
}

/**
 * Returns the visible entries of a folder, with links resolved, sorted by code unit so that the order is independent
 * of the locale.
 */
function list(path: string): Listing {
  const folders: string[] = [];
  const files: string[] = [];
  const noData: string[] = [];
  reading(path, () => {
    const dir = opendirSync(path);
    try {
      for (let entry = dir.readSync(); entry; entry = dir.readSync()) {
        if (entry.name.startsWith(".") && kindOfFile(entry.name) !== "elsewhere") continue;
        const kind = kindOfEntry(path, entry);
        if (kind === "file") files.push(entry.name);
        else if (kind === "folder") (holdsNoData(path, entry) ? noData : folders).push(entry.name);
      }
    } finally {
      dir.closeSync();
    }
  });
  return { folders: folders.sort(), files: files.sort(), noData: noData.sort() };
}

function holdsNoData(path: string, entry: Dirent): boolean {
  const folder = join(path, entry.name);
  return (
    isSystemFolder(entry.name) || isOwnFolder(folder) || (entry.isSymbolicLink() && leadsUp(path, folder))
  );
}

/** Whether a link in `path` leads to a folder above, whose contents would then appear in `path` again. */
function leadsUp(path: string, link: string): boolean {
  const target = realpathSync(link);
  return (realpathSync(path) + sep).startsWith(target.endsWith(sep) ? target : target + sep);
}

/** Returns a folder's entries. @throws VultusError with its path and the reason. */
function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new VultusError(`the folder ${path} cannot be read: ${reasonOf(error)}`);
  }
}

/**
 * Returns the kind of an entry; undefined for pipes, sockets and devices, which a reader would never finish reading.
 */
function kindOfEntry(path: string, entry: Dirent): "folder" | "file" | undefined {
  if (!entry.isSymbolicLink()) return kindOf(entry);
  // A broken link counts as a file, so that it is listed among the unreadable images; so does a link to itself.
  try {
    return kindOf(statSync(join(path, entry.name)));
  } catch {
    return "file";
  }
}

function kindOf(entry: Pick<Dirent, "isDirectory" | "isFile">): "folder" | "file" | undefined {
  return entry.isDirectory() ? "folder" : entry.isFile() ? "file" : undefined;
}
