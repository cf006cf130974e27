/** Reads a folder of pictures sorted by class: `dir/<class>`, `dir/<split>/<class>`, or either one level down. */

import { type Dirent, opendirSync, realpathSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { UsageError, VultusError } from "../util/errors.ts";
import { reasonOf } from "../util/files.node.ts";
import { plural, type RawSample, type RawSource } from "./assemble.ts";
import type { Split } from "./dataset.ts";
import { classKey, emotionNamed, readName, splitNamed } from "./names.ts";

/** Files that lie beside pictures and never are one. Everything else is judged by its content when it is decoded. */
const otherFiles = new Set(
  ".txt .md .csv .tsv .json .jsonl .xml .yaml .yml .html .pdf .db .ini .zip .py .log .npy .mat .pkl".split(
    " ",
  ),
);

interface Listing {
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

interface Root {
  /** The folder where the layout begins: the one asked for, or one inside it. */
  readonly root: string;
  readonly layout: "splits" | "classes";
}

/**
 * Everything in `dir`, in an order that depends on nothing but the names. Class folders are searched to any depth;
 * links are followed, each folder once; hidden files are skipped. Without split folders every sample is "train".
 *
 * @param classes the names asked for with --classes: they help to see which folders are classes.
 * @throws UsageError if there is no such folder, or none that holds classes.
 */
export function readFolder(dir: string, classes: readonly string[] = []): RawSource {
  if (!reading(dir, () => statSync(dir, { throwIfNoEntry: false }))?.isDirectory()) {
    throw new UsageError(
      `There is no folder ${dir}. Give a folder that has one folder of pictures per class.`,
    );
  }
  const { root, layout } = findRoot(dir, new Set(classes.map(classKey)));
  const notes: string[] = [];
  const classFolders: { under: string; className: string; split: Split }[] = [];
  for (const name of list(root).folders) {
    const split = splitNamed(name);
    if (layout === "classes") classFolders.push({ under: name, className: name, split: "train" });
    else if (split === undefined)
      notes.push(`folder ${join(root, name)} passed over: not train, validation or test`);
    else {
      const names = list(join(root, name)).folders;
      classFolders.push(...names.map((className) => ({ under: `${name}/${className}`, className, split })));
    }
  }
  const samples: RawSample[] = [];
  let others = 0;
  for (const { under, className, split } of classFolders) {
    for (const id of walk(root, under, new Set())) {
      if (otherFiles.has(extname(id).toLowerCase())) others++;
      else samples.push({ id, source: { kind: "file", path: join(root, id) }, className, split });
    }
  }
  if (others > 0) notes.push(`${plural(others, "file")} in ${dir} passed over: not pictures by their names`);
  if (samples.length === 0) throw noClasses(dir);
  return {
    path: dir,
    classNames: [...new Set(classFolders.map((folder) => folder.className))],
    samples,
    notes,
  };
}

/**
 * Known names first (splits, then classes), here and then one level down; then folders that hold files; then folders of which
 * two have an emotion among the words of their names, one level down.
 */
function findRoot(dir: string, asked: ReadonlySet<string>): Root {
  const named = (path: string): Root["layout"] | undefined => {
    const { folders } = list(path);
    if (folders.some((name) => splitNamed(name) !== undefined)) return "splits";
    if (folders.some((name) => emotionNamed(name) !== undefined || asked.has(classKey(name))))
      return "classes";
    return undefined;
  };
  const namedByWord = (path: string): Root["layout"] | undefined =>
    list(path).folders.filter((name) => readName(name).emotions.length > 0).length > 1
      ? "classes"
      : undefined;
  const folders = list(dir).folders.map((name) => join(dir, name));
  const below = (layoutOf: typeof named): Root | undefined => {
    const roots = folders.flatMap((root) => {
      const layout = layoutOf(root);
      return layout ? [{ root, layout }] : [];
    });
    if (roots.length > 1) {
      throw new UsageError(
        `${dir} holds ${roots.length} data sets. Name those to use: ${roots.map(({ root }) => root).join(" ")}`,
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
  if (folders.length === 1 && folders[0]) return { root: folders[0], layout: "classes" };
  throw noClasses(dir);
}

function noClasses(dir: string): UsageError {
  const { folders, files } = list(dir);
  const found = [folders.slice(0, 5).join(", "), files.length > 0 ? plural(files.length, "file") : ""].filter(
    Boolean,
  );
  return new UsageError(
    `${dir} has no class folders with pictures (found: ${found.join(" and ") || "nothing"}). ` +
      "Expected <folder>/<class>/… or <folder>/{train,validation,test}/<class>/…" +
      (files.length > 0 ? ". predict and data crop take photos that are not in class folders" : ""),
  );
}

/**
 * The paths of all files below a folder that may be pictures, one after the other: in memory are the names of the folders
 * on the way to the current one. Order, links and hidden files as in `readFolder`.
 */
export function* picturesBelow(dir: string): Generator<string> {
  for (const id of walk(dir, ".", new Set()))
    if (!otherFiles.has(extname(id).toLowerCase())) yield join(dir, id);
}

/** The files below `root/under`, as paths from `root` with forward slashes. `seen` holds real paths, against link loops. */
function* walk(root: string, under: string, seen: Set<string>): Generator<string> {
  const path = join(root, under);
  const real = reading(path, () => realpathSync(path));
  if (seen.has(real)) return;
  seen.add(real);
  const { folders, files } = list(path);
  for (const name of files) yield `${under}/${name}`;
  for (const name of folders) yield* walk(root, `${under}/${name}`, seen);
}

/** The visible entries of a folder, links resolved, sorted by code unit so that no locale changes the order. */
function list(path: string): Listing {
  const folders: string[] = [];
  const files: string[] = [];
  reading(path, () => {
    const dir = opendirSync(path);
    try {
      for (let entry = dir.readSync(); entry; entry = dir.readSync()) {
        if (entry.name.startsWith(".")) continue;
        (isFolder(path, entry) ? folders : files).push(entry.name);
      }
    } finally {
      dir.closeSync();
    }
  });
  return { folders: folders.sort(), files: files.sort() };
}

/** What the file system says of a folder. @throws VultusError that names it, with the reason. */
function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new VultusError(`the folder ${path} cannot be read: ${reasonOf(error)}`);
  }
}

function isFolder(path: string, entry: Dirent): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  // A broken link counts as a file, so that it is listed among the unreadable pictures; so does a link to itself.
  try {
    return statSync(join(path, entry.name)).isDirectory();
  } catch {
    return false;
  }
}
