/** FER2013's validation faces where they are on this machine. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Picture } from "../../src/data/dataset.ts";
import { readPicture } from "../../src/data/decode.node.ts";
import { expressions } from "../../src/data/synthetic-expression.ts";

const root = process.env.VULTUS_FER2013 ?? "/tmp/fer/images";

export const hasFer2013 = existsSync(join(root, "validation"));
if (!hasFer2013) console.warn(`FER2013's pictures are not in ${root} (VULTUS_FER2013): tests with them skip`);

/** The first `count` validation faces of each class by name, one class after the other in turn. */
export async function ferFaces(count: number): Promise<Picture[]> {
  const faces: Picture[] = [];
  for (let i = 0; i < count; i++) {
    for (const name of expressions) {
      const folder = join(root, "validation", name);
      const file = readdirSync(folder).sort()[i] as string;
      faces.push(await readPicture({ kind: "file", path: join(folder, file) }));
    }
  }
  return faces;
}
