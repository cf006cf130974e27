#!/usr/bin/env node
/** Starts the command line; in a checkout that is not built it says how to build it. */
import { existsSync } from "node:fs";

const main = new URL("../dist/cli/main.js", import.meta.url);
if (!existsSync(main)) {
  process.stderr.write("vultus is not built yet; run `npm ci && npm run build` in the checkout\n");
  process.exit(1);
}
// Whoever reads the result may stop reading, as `head` does.
process.stdout.on("error", (error) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});
const { run } = await import(main.href);
process.exitCode = await run(process.argv.slice(2));
