/** Runs the command line as this process: its arguments, its exit code. */

import { run } from "./main.ts";
import { isUnread, leaveUnread } from "./output.ts";

// Whoever reads may stop reading, as `head` does. The command ends in order at its next result: a worker that is ended in the
// middle of a session takes the process with it.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    leaveUnread();
  });
const code = await run(process.argv.slice(2));
process.exitCode = isUnread() ? 0 : code;
