/** The folder of annotated photos that `predict --annotate` writes. */

import { existsSync, readdirSync } from "node:fs";
import { basename, extname, join } from "node:path";
import type { Prediction } from "../predict/prediction.ts";
import type { ReadPhoto } from "../predict/predictor.ts";
import { annotatedJpeg } from "../report/annotated.ts";
import { UsageError } from "../util/errors.ts";
import { shortName } from "../util/file-name.ts";
import { writeFileAtomic } from "../util/files.node.ts";
import { makeOwnFolder } from "../util/own-folder.node.ts";

/** Writes a photo's annotated copy and returns its path; undefined for a photo that could not be read. */
export type Annotate = (photo: ReadPhoto, prediction: Prediction) => Promise<string | undefined>;

/** Makes the folder. Unless a run is continued, it must be new or empty, so that no user's file is ever replaced. */
export function annotateInto(folder: string, resume: boolean): Annotate {
  makeOwnFolder(folder);
  if (!resume && readdirSync(folder).some((name) => !name.startsWith(".")))
    throw new UsageError(`--annotate ${folder}: the folder is not empty; give a new one`);
  return async (photo, { file, faces }) => {
    if ("reason" in photo) return undefined;
    const path = freeName(folder, file);
    const scale = photo.width / photo.picture.width;
    writeFileAtomic(path, await annotatedJpeg(photo.picture, faces, scale));
    return path;
  };
}

/** Returns `name.jpg`, or `name-2.jpg`, … if photos of several folders share a name. */
function freeName(folder: string, file: string): string {
  const last = /^https?:/i.test(file) ? new URL(file).pathname : file;
  const name = file === "-" ? "stdin" : shortName(basename(last, extname(last))) || "photo";
  for (let number = 1; ; number++) {
    const path = join(folder, number === 1 ? `${name}.jpg` : `${name}-${number}.jpg`);
    if (!existsSync(path)) return path;
  }
}
