/** The version of the package. */

import { readFileSync } from "node:fs";
import { packageFile } from "./package.node.ts";

export const version: string = (
  JSON.parse(readFileSync(packageFile("package.json"), "utf8")) as { version: string }
).version;
