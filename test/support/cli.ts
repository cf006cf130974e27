/** Runs the command line from source in its own process, as `bin/vultus.js` runs the built one. */

import { fileURLToPath } from "node:url";

/** As an absolute URL, since the process may run in any folder. */
const tsx = import.meta.resolve("tsx");

/** Node's arguments for running `vultus`, to be followed by the arguments of the command. */
export const cli: readonly string[] = [
  "--import",
  tsx,
  fileURLToPath(new URL("../../src/cli/start.ts", import.meta.url)),
];

/** Keeps tsx from writing its cache to the temporary folder. */
export const tracelessEnvironment = { TSX_DISABLE_CACHE: "1" };
