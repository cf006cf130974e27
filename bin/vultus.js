#!/usr/bin/env node
/** Starts the command line; in a checkout that is not built it says how to build it. */
import { existsSync } from "node:fs";

const start = new URL("../dist/start.js", import.meta.url);
if (!existsSync(start)) {
  process.stderr.write("vultus is not built yet; run `npm ci && npm run build` in the checkout\n");
  process.exit(1);
}
await import(start.href);
