/** Finds the images listed in a table: at their listed paths or, if the table comes from elsewhere, by the end of their paths. */

import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { FormatError, UsageError } from "../util/errors.ts";
import { plural } from "./assemble.ts";
import { isImageName } from "./beside-images.ts";
import { picturesBelow } from "./folder.node.ts";
import { splitNamed } from "./names.ts";

/** A cell that names an image, and the number of its row. */
export interface ListedImage {
  readonly number: number;
  readonly path: string;
}

export interface FoundImage {
  /** The path as listed, with forward slashes. */
  readonly id: string;
  /** Its location, or where it should be if it does not exist. */
  readonly file: string;
  /** Whether it was found below the table's folder although the table lists it elsewhere. */
  readonly isMoved: boolean;
}

export interface FoundImages {
  /** One entry per listed image, in the same order. */
  readonly images: readonly FoundImage[];
  readonly notes: readonly string[];
}

/** Number of folders above a table that are tried as the base of its paths. */
const FOLDERS_ABOVE = 3;
const address = /^(?!file:)[a-z][a-z0-9+.-]+:\/\//i;

/**
 * Finds the listed images. Paths start from the table's folder. If a path does not exist, it is also tried with slashes for
 * backslashes, with decoded `%20`, and with a missing extension. If no listed path exists, images are searched below the table's
 * folder by the end of their paths; a path that matches several images is refused.
 *
 * @throws FormatError for a URL instead of a path, or a path that matches several images.
 */
export function findImages(table: string, listed: readonly ListedImage[]): FoundImages {
  const folder = dirname(table);
  const listing = endings();
  const there = listed.map(({ number, path }) => {
    if (address.test(path))
      throw new FormatError(
        `${table}, row ${number}: ${path} is a URL, but vultus reads files. Download the images and list their paths.`,
      );
    return spellings(folder, path).find((file) => existsSync(file)) ?? listing(resolve(folder, turned(path)));
  });
  const isElsewhere = listed.length > 0 && there.every((file) => file === undefined);
  const moved = isElsewhere ? findMoved(table, listed) : [];
  const images = listed.map(({ path }, i): FoundImage => {
    const file = there[i] ?? moved[i];
    const isAsListed = file === resolve(folder, path);
    const id = isAsListed ? path : turned(path);
    return {
      id: id.split(sep).join("/"),
      file: file ?? resolve(folder, id),
      isMoved: moved[i] !== undefined,
    };
  });
  const first = images.find(({ isMoved }) => isMoved);
  if (first === undefined) return { images, notes: [] };
  const count = images.filter(({ isMoved }) => isMoved).length;
  return {
    images,
    notes: [
      `${table}: ${count} of ${plural(images.length, "image")} found by the end of their paths, because none is at its listed path: ` +
        `${first.id} is ${relative(folder, first.file).split(sep).join("/")}`,
    ],
  };
}

/** @throws UsageError if none of a table's images exists, with the base folder of its paths, if one can be recognised. */
export function refuseAbsent(table: string, files: readonly string[]): void {
  const [first] = files;
  if (first === undefined || files.some((file) => existsSync(file))) return;
  const folder = dirname(resolve(table));
  const path = relative(folder, first);
  const above = [folder];
  while (above.length <= FOLDERS_ABOVE) above.push(dirname(above.at(-1) as string));
  const root = [process.cwd(), ...above].find((one) => existsSync(join(one, path)));
  throw new UsageError(
    `none of the ${plural(files.length, "image")} listed in ${table} exists, for example ${first}. ${
      root === undefined
        ? "Move the table to the folder that its paths are relative to, or correct the paths"
        : `Its paths are relative to ${relative(process.cwd(), root) || "this folder"}: move the table there`
    }.`,
  );
}

/** Returns the files that a path may refer to, the most likely first. */
function spellings(folder: string, path: string): string[] {
  const own = path.trim();
  const plain = /^file:/i.test(own) ? fromFileAddress(own) : own;
  const forms = [path, own, plain, turned(plain), decodedPath(turned(plain))];
  return [...new Set(forms.map((form) => resolve(folder, form)))];
}

/** Replaces Windows' backslashes. */
function turned(path: string): string {
  return path.replaceAll("\\", "/");
}

function fromFileAddress(text: string): string {
  try {
    return fileURLToPath(text);
  } catch {
    return text;
  }
}

function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/**
 * Returns a function that finds the one image whose path differs by a missing extension, or by the extension's case.
 */
function endings(): (file: string) => string | undefined {
  const folders = new Map<string, readonly string[]>();
  return (file) => {
    const folder = dirname(file);
    const names = folders.get(folder) ?? imagesIn(folder);
    folders.set(folder, names);
    const [own, whole] = [basename(file), stemOf(basename(file))];
    const fitting = names.filter((name) =>
      whole === own
        ? stemOf(name) === own
        : name.toLowerCase() === own.toLowerCase() && stemOf(name) === whole,
    );
    return fitting.length === 1 ? join(folder, fitting[0] as string) : undefined;
  };
}

function imagesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter(isImageName);
  } catch {
    return [];
  }
}

/** Returns the name without an image extension. */
function stemOf(name: string): string {
  return isImageName(name) ? name.replace(/\.[^.]+$/, "") : name;
}

/**
 * Returns, per path, the one image below the table's folder that it refers to. @throws FormatError if there are
 * several.
 */
function findMoved(table: string, listed: readonly ListedImage[]): (string | undefined)[] {
  const folder = dirname(table);
  const byName = new Map<string, string[][]>();
  for (const path of imagesBelow(folder)) {
    const parts = relative(folder, path).split(sep);
    const name = parts.at(-1) as string;
    byName.set(name, [...(byName.get(name) ?? []), parts]);
  }
  const paths = listed.map(({ path }) =>
    turned(path.trim())
      .split("/")
      .filter((part) => !["", ".", ".."].includes(part)),
  );
  const common = commonFolders(paths);
  return paths.map((parts, i) => {
    const fitting = (byName.get(parts.at(-1) ?? "") ?? []).filter((image) => mayBe(image, parts, common));
    const longest = Math.max(...fitting.map((image) => commonEnd(image, parts)));
    const [image, ...others] = fitting.filter((one) => commonEnd(one, parts) === longest);
    if (image === undefined) return undefined;
    if (others.length === 0) return resolve(folder, ...image);
    const { number, path } = listed[i] as ListedImage;
    throw new FormatError(
      `${table}, row ${number}: there is no ${path}; it could mean ${[image, ...others.slice(0, 2)].map((one) => one.join("/")).join(" or ")}. ` +
        "List paths relative to the table's folder.",
    );
  });
}

/** Returns the images of a folder; none if a part of it cannot be read, because a further image could be there. */
function imagesBelow(folder: string): string[] {
  try {
    return [...picturesBelow(folder)];
  } catch {
    return [];
  }
}

/**
 * Whether a path from another machine may refer to an image. Both must end in all folders that distinguish the table's images,
 * and in the image's own folder, unless one of the two is shorter; and they must not name different splits.
 */
function mayBe(image: readonly string[], listed: readonly string[], common: number): boolean {
  const end = commonEnd(image, listed);
  const whole = Math.min(image.length, listed.length);
  const [own, other] = [splitIn(image), splitIn(listed)];
  const isOtherSplit = own !== undefined && other !== undefined && own !== other;
  return end >= listed.length - common && end >= Math.min(2, whole) && !isOtherSplit;
}

/** Returns the split named by the innermost folder with the name of a split. */
function splitIn(parts: readonly string[]): string | undefined {
  return parts
    .slice(0, -1)
    .map(splitNamed)
    .findLast((split) => split !== undefined);
}

/** Returns the number of leading folders that all paths share. */
function commonFolders(paths: readonly (readonly string[])[]): number {
  const [first = []] = paths;
  let count = 0;
  while (paths.every((parts) => count < parts.length - 1 && parts[count] === first[count])) count++;
  return count;
}

/** Returns the number of trailing parts that two paths share. */
function commonEnd(a: readonly string[], b: readonly string[]): number {
  let count = 0;
  while (count < a.length && count < b.length && a.at(-1 - count) === b.at(-1 - count)) count++;
  return count;
}
