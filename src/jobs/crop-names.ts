/** Names of face crops: each photo's own name, unless another photo's crops already have it. */

import { posix } from "node:path";
import { shortName } from "../util/file-name.ts";

/** Crops are stored losslessly, so that a model sees the original pixels. */
export const CROP_FORM = ".png";

/** In bytes; leaves room for the number of a face and the extension. */
const LONGEST_STEM = 230;

/** Returns the file of face `index` of a photo, counted from 0: `a.png`, then `a-2.png`. */
export function cropFile(base: string, index: number): string {
  return `${base}${index === 0 ? "" : `-${index + 1}`}${CROP_FORM}`;
}

/** Derives the path of a photo's crops, without extension, from the files; undefined unless `cropBases` could have named them. */
export function cropBaseOf(photo: string, files: readonly string[]): string | undefined {
  const base = files[0]?.slice(0, -CROP_FORM.length);
  if (base === undefined || files.some((file, i) => file !== cropFile(base, i))) return undefined;
  const isOwn = base === stemOf(photo) || base === photo || /^(~\d+)+$/.test(base.replace(photo, ""));
  return isOwn && posix.normalize(base) === base && !/^(\.\.)?\//.test(base) ? base : undefined;
}

/**
 * Returns the path of the crops, without extension, for each photo (a path with forward slashes): `train/happy/a` for
 * `train/happy/a.jpg`. Photos that differ only in their extension, such as `a.jpg` and `a.webp`, or whose names look like those of
 * another photo's second face, keep their whole names: `a.jpg`, so that the crop is `a.jpg.png`. Names are compared without case,
 * since not every file system is case-sensitive.
 *
 * @param taken paths of this kind that existing crops use.
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

/** Returns the base of the first face, if the name looks like that of a later face: `a` for `a-2`. */
function firstFaceOf(base: string): string | undefined {
  return /^(.+)-\d+$/.exec(base)?.[1];
}

function stemOf(photo: string): string {
  const { dir, name } = posix.parse(photo);
  return posix.join(dir, shortName(name, LONGEST_STEM));
}
