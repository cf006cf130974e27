/** The version of the package for environments that cannot read files: it is built in. */

import manifest from "../../package.json" with { type: "json" };

export const version: string = manifest.version;
