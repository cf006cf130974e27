/** Runs the command line from source in its own process, as `bin/vultus.js` runs the built one. */

import { fileURLToPath } from "node:url";

/** As an absolute URL, since the process may run in any folder. */
const tsx = import.meta.resolve("tsx");

/** Node's arguments to run `vultus`; the arguments of the command follow. */
export const cli: readonly string[] = [
  "--import",
  tsx,
  fileURLToPath(new URL("../../src/cli/start.ts", import.meta.url)),
];

/** Keeps tsx from writing its cache to the folder for temporary files. */
export const tracelessEnvironment = { TSX_DISABLE_CACHE: "1" };
