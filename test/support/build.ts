/** Before tests, and before they run again: builds what cannot run from source, where its sources have changed. */

import type { TestProject } from "vitest/node";
import { build } from "../../scripts/build.ts";

export function setup(project: TestProject): void {
  build(["networks", "page"]);
  project.onTestsRerun(async () => build(["networks", "page"]));
}
