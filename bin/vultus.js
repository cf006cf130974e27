#!/usr/bin/env node
/** Starts the command line; in a checkout that is not built it says how to build it. */
import { existsSync } from "node:fs";

const main = new URL("../dist/cli/main.js", import.meta.url);
if (!existsSync(main)) {
  process.stderr.write("vultus is not built yet; run `npm ci && npm run build` in the checkout\n");
  process.exit(1);
}
const { run } = await import(main.href);
process.exitCode = await run(process.argv.slice(2));
