/** Runs the command line as this process: its arguments, its exit code. */

import { run } from "./main.ts";

// Whoever reads the result may stop reading, as `head` does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});
process.exitCode = await run(process.argv.slice(2));
