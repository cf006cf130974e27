/** Names of face crops: each photo's own name, as far as another photo's crops don't have it. */

import { posix } from "node:path";
import { shortName } from "../util/file-name.ts";

/** Crops are stored without loss, so that a model sees the pixels that were cut out. */
export const CROP_FORM = ".png";

/** In bytes: the number of a face and the form are appended to it. */
const LONGEST_STEM = 230;

/** The file of face `index` of a photo, counted from 0: `a.png`, then `a-2.png`. */
export function cropFile(base: string, index: number): string {
  return `${base}${index === 0 ? "" : `-${index + 1}`}${CROP_FORM}`;
}

/** The path of a photo's crops without their form, told from the files; undefined unless they are as `cropBases` names them. */
export function cropBaseOf(photo: string, files: readonly string[]): string | undefined {
  const base = files[0]?.slice(0, -CROP_FORM.length);
  if (base === undefined || files.some((file, i) => file !== cropFile(base, i))) return undefined;
  const isOwn = base === stemOf(photo) || base === photo || /^(~\d+)+$/.test(base.replace(photo, ""));
  return isOwn && posix.normalize(base) === base && !/^(\.\.)?\//.test(base) ? base : undefined;
}

/**
 * For each photo, a path with forward slashes, the path of its crops without their form: `train/happy/a` for
 * `train/happy/a.jpg`. Photos that differ only in their form, such as `a.jpg` and `a.webp`, or whose names look like those of
 * another photo's second face, keep their whole names: `a.jpg`, so that the crop is `a.jpg.png`. Upper and lower case are not
 * told apart, since not every file system does.
 *
 * @param taken such paths of crops that exist.
 */
export function cropBases(photos: readonly string[], taken: Iterable<string> = []): Map<string, string> {
  const used = new Set([...taken].map((base) => base.toLowerCase()));
  const stems = new Map<string, number>();
  for (const photo of photos) {
    const stem = stemOf(photo).toLowerCase();
    stems.set(stem, (stems.get(stem) ?? 0) + 1);
  }
  const numbered = new Set([...used].flatMap((base) => firstFaceOf(base) ?? []));
  const isFree = (base: string): boolean => {
    const first = firstFaceOf(base);
    return !used.has(base) && !numbered.has(base) && !(first !== undefined && used.has(first));
  };
  const bases = new Map<string, string>();
  for (const photo of photos) {
    const stem = stemOf(photo);
    const lower = stem.toLowerCase();
    const first = firstFaceOf(lower);
    const isOwn = stems.get(lower) === 1 && !(first !== undefined && stems.has(first));
    let base = isOwn && isFree(lower) ? stem : photo;
    for (let number = 2; !isFree(base.toLowerCase()); number++) base = `${photo}~${number}`;
    used.add(base.toLowerCase());
    bases.set(photo, base);
  }
  return bases;
}

/** The base whose later face a base looks like: `a` of `a-2`. */
function firstFaceOf(base: string): string | undefined {
  return /^(.+)-\d+$/.exec(base)?.[1];
}

function stemOf(photo: string): string {
  const { dir, name } = posix.parse(photo);
  return posix.join(dir, shortName(name, LONGEST_STEM));
}
