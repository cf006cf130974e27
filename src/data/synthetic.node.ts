/** Writes drawn faces as a folder of images, in the usual layout. */

import { join } from "node:path";
import { makeFolder, writeFileAtomic } from "../util/files.node.ts";
import { sharp } from "../util/sharp.node.ts";
import { drawFace } from "./synthetic.ts";
import { expressions } from "./synthetic-expression.ts";

export interface SyntheticFaces {
  readonly perClass: number;
  readonly validationPerClass: number;
  readonly seed: number;
}

/**
 * Writes `dir/{train,validation}/<class>/0001.png`, …; the same seed writes the same bytes. `onDrawn` receives the number
 * of written images.
 */
export async function writeSyntheticFaces(
  dir: string,
  { perClass, validationPerClass, seed }: SyntheticFaces,
  onDrawn: (done: number) => void = () => {},
): Promise<void> {
  let done = 0;
  const counts = { train: perClass, validation: validationPerClass };
  for (const [split, count] of Object.entries(counts)) {
    for (const expression of expressions) {
      const folder = join(dir, split, expression);
      makeFolder(folder);
      for (let number = 1; number <= count; number++) {
        const { pixels, width, height, channels } = drawFace(expression, seed, split, expression, number);
        const png = await sharp(pixels, { raw: { width, height, channels } })
          .png({ compressionLevel: 1 })
          .toBuffer();
        writeFileAtomic(join(folder, `${String(number).padStart(4, "0")}.png`), png);
        onDrawn(++done);
      }
    }
  }
}
