/** The Python for some comparisons: Debian's, or `VULTUS_PYTHON`. */

import { spawnSync } from "node:child_process";

export const python = process.env.VULTUS_PYTHON ?? "/usr/bin/python3";

/** Whether it can import the comma-separated `modules`; if not, tests that need them skip and report it. */
export function hasPython(modules: string): boolean {
  const found = spawnSync(python, ["-c", `import ${modules}`]).status === 0;
  if (!found)
    console.warn(
      `skipped: ${python} lacks one of ${modules}; .ci/run names the Debian packages that have them`,
    );
  return found;
}
