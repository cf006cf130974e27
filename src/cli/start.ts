/** Runs the command line as this process: its arguments, its exit code. */

import { run } from "./main.ts";
import { isUnread, leaveUnread } from "./output.ts";

// Whoever reads the result may stop reading, as `head` does. The command then ends in order at the next result: a worker that is
// ended in the middle of a session takes the process with it. Nobody has to read messages.
const whenUnread = { stdout: leaveUnread, stderr: () => {} };
for (const name of ["stdout", "stderr"] as const)
  process[name].on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    whenUnread[name]();
  });
const code = await run(process.argv.slice(2));
process.exitCode = isUnread() ? 0 : code;
