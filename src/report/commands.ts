/** Commands in reports, ready to paste. */

import { relative } from "node:path";
import type { Environment } from "../train/run-folder.node.ts";
import { shellWords } from "../util/shell.ts";
import { escape } from "./page.ts";

/** Returns a vultus command, quoted for a POSIX shell. */
export function vultus(...args: readonly string[]): string {
  return `npx vultus ${shellWords(args)}`;
}

/** Shows a command that wraps on a narrow page but is copied as one line. */
export function commandHtml(text: string): string {
  return `<pre class="command"><code>${escape(text)}</code></pre>`;
}

/** Returns where the images of a run were, as short paths relative to here; empty if the run does not record it. */
export function dataOf(environment: Pick<Environment, "data"> | undefined): string[] {
  return (environment?.data ?? []).map((path) => {
    const inside = relative(process.cwd(), path);
    return inside === "" || inside.startsWith("..") ? path : inside;
  });
}
