/** Commands in reports, as a person pastes them. */

import { relative } from "node:path";
import type { Environment } from "../train/run-folder.node.ts";
import { shellWords } from "../util/shell.ts";
import { escape } from "./page.ts";

/** A command of vultus, quoted for a POSIX shell. */
export function vultus(...args: readonly string[]): string {
  return `npx vultus ${shellWords(args)}`;
}

/** Broken where the page is narrow, and still one line when it is copied. */
export function commandHtml(text: string): string {
  return `<pre class="command"><code>${escape(text)}</code></pre>`;
}

/** Where the images of a run were, as short as paths from here are; empty where the run does not record it. */
export function dataOf(environment: Pick<Environment, "data"> | undefined): string[] {
  return (environment?.data ?? []).map((path) => {
    const inside = relative(process.cwd(), path);
    return inside === "" || inside.startsWith("..") ? path : inside;
  });
}
