/** The files that come with the package. */

import { fileURLToPath } from "node:url";

// The root is two folders above this source file, and one above the files built from it in dist/.
const root = new URL(import.meta.url.endsWith(".ts") ? "../../" : "../", import.meta.url);

/** Returns the location of the file or folder at `path`, which is relative to the package's root. */
export const packageFile = (path: string): string => fileURLToPath(new URL(path, root));
