/** sharp, loaded when the first image is decoded or made: that takes longer than to load all of vultus. */

import { createRequire } from "node:module";
import type { Sharp, SharpInput, SharpOptions } from "sharp";
import { messageOf, VultusError } from "./errors.ts";

const require = createRequire(import.meta.url);

/**
 * The library's function of the same name.
 *
 * @throws VultusError if the library is not there, as after `npm install --omit=optional`.
 */
export function sharp(input: SharpInput, options?: SharpOptions): Sharp {
  return loaded()(input, options);
}

function loaded(): typeof sharp {
  try {
    return require("sharp") as typeof sharp;
  } catch (error) {
    const [reason] = messageOf(error).split("\n");
    throw new VultusError(
      `sharp cannot be loaded: ${reason}; \`npm install --include=optional\` adds its libraries`,
    );
  }
}
