/** Runs the command line in this process, with its arguments and exit code. */

import { run } from "./main.ts";
import { isUnread, leaveUnread } from "./output.ts";

// The reader of the result may go away, as `head` does. The command then ends cleanly at the next result, because ending a worker
// during inference would abort the process. If nobody reads stderr, messages are simply lost.
const whenUnread = { stdout: leaveUnread, stderr: () => {} };
for (const name of ["stdout", "stderr"] as const)
  process[name].on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    whenUnread[name]();
  });
const code = await run(process.argv.slice(2));
process.exitCode = isUnread() ? 0 : code;
