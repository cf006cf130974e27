/** The command line in a process of its own, from source, as `bin/vultus.js` starts the built one. */

import { fileURLToPath } from "node:url";

/** By its address, since the process may run in any folder. */
const tsx = import.meta.resolve("tsx");

/** Node's arguments that run `vultus`; what follows are the command's own. */
export const cli: readonly string[] = [
  "--import",
  tsx,
  fileURLToPath(new URL("../../src/cli/start.ts", import.meta.url)),
];

/** Keeps tsx from writing what it has compiled to the folder for temporary files. */
export const tracelessEnvironment = { TSX_DISABLE_CACHE: "1" };
