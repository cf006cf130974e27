/** FER2013's validation faces, if this machine has them. */

import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import type { Picture } from "../../src/data/dataset.ts";
import { readPicture } from "../../src/data/decode.node.ts";
import { expressions } from "../../src/data/synthetic-expression.ts";

const root = process.env.VULTUS_FER2013 ?? "/tmp/fer/images";

export const hasFer2013 = existsSync(join(root, "validation"));
if (!hasFer2013) console.warn(`FER2013's images are not in ${root} (VULTUS_FER2013): tests with them skip`);

export interface LabelledFace {
  readonly picture: Picture;
  readonly label: string;
  /** Its file name. */
  readonly file: string;
}

/** The first `count` validation faces of each class by name, alternating between classes; all if `count` is left out. */
export async function labelledFaces(count = Number.POSITIVE_INFINITY): Promise<LabelledFace[]> {
  const files = expressions.map((label) => {
    const folder = join(root, "validation", label);
    return {
      label,
      paths: readdirSync(folder)
        .sort()
        .slice(0, count)
        .map((file) => join(folder, file)),
    };
  });
  const faces: LabelledFace[] = [];
  for (let i = 0; i < Math.max(...files.map(({ paths }) => paths.length)); i++) {
    for (const { label, paths } of files) {
      const path = paths[i];
      if (path)
        faces.push({ picture: await readPicture({ kind: "file", path }), label, file: basename(path) });
    }
  }
  return faces;
}

/** The same, without their labels. */
export async function ferFaces(count: number): Promise<Picture[]> {
  return (await labelledFaces(count)).map(({ picture }) => picture);
}
