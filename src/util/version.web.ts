/** The version of the package, if no file can be read: it is built in. */

import manifest from "../../package.json" with { type: "json" };

export const version: string = manifest.version;
