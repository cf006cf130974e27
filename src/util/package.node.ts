/** The files that come with the package. */

import { fileURLToPath } from "node:url";

// The root is two folders up from this source, and one from the files in dist/ that are built of it.
const root = new URL(import.meta.url.endsWith(".ts") ? "../../" : "../", import.meta.url);

/** Where the file or folder at `path`, from the package's root, lies. */
export const packageFile = (path: string): string => fileURLToPath(new URL(path, root));
