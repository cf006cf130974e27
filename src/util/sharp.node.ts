/** Loads sharp when the first image is decoded or created, because that takes longer than loading all of vultus. */

import { createRequire } from "node:module";
import type { Sharp, SharpInput, SharpOptions } from "sharp";
import { messageOf, VultusError } from "./errors.ts";

const require = createRequire(import.meta.url);

/**
 * Calls the library's function of the same name.
 *
 * @throws VultusError if the library is missing, for example after `npm install --omit=optional`.
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
