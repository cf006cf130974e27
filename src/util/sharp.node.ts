/** sharp, loaded when the first image is decoded or made: that takes longer than to load all of vultus. */

import { createRequire } from "node:module";
import type { Sharp, SharpInput, SharpOptions } from "sharp";

const require = createRequire(import.meta.url);

/** The library's function of the same name. */
export function sharp(input: SharpInput, options?: SharpOptions): Sharp {
  return (require("sharp") as typeof sharp)(input, options);
}
