/** Runs the command line in this process, with its arguments and exit code. */

import { restartWithHugePages } from "../runtime/huge-pages.node.ts";
import { isUnread, leaveUnread } from "./output.ts";

/** Commands for which huge pages are worth a second start of Node, which takes 40 ms. */
const COMPUTING = [
  "quickstart",
  "data",
  "review",
  "train",
  "evaluate",
  "compare",
  "predict",
  "explain",
  "export",
  "serve",
];

if (COMPUTING.includes(process.argv[2] ?? "")) restartWithHugePages();

// The reader of the result may go away, as `head` does. The command then ends cleanly at the next result, because ending a worker
// during inference would abort the process. If nobody reads stderr, messages are simply lost.
const whenUnread = { stdout: leaveUnread, stderr: () => {} };
for (const name of ["stdout", "stderr"] as const)
  process[name].on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    whenUnread[name]();
  });
// Loaded only now: a program that starts again needs none of it.
const { run } = await import("./main.ts");
const code = await run(process.argv.slice(2));
process.exitCode = isUnread() ? 0 : code;
