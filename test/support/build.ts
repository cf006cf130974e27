/** Builds what cannot run from source, before tests start and before they run again, if its sources have changed. */

import type { TestProject } from "vitest/node";
import { build } from "../../scripts/build.ts";

export function setup(project: TestProject): void {
  build(["networks", "page"]);
  project.onTestsRerun(async () => build(["networks", "page"]));
}
