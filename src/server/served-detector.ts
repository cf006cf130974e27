/** The face detector of a service: what it says of it, and what the page's browser needs of it. */

import { createHash } from "node:crypto";
import type { PageDetector } from "../export/page-models.ts";
import type { DetectorOptions } from "../predict/detector-choice.node.ts";
import { readDetector } from "../predict/shipped-detector.node.ts";
import type { ModelAnswer } from "./schemas.ts";

export interface ServedDetector {
  readonly description: NonNullable<ModelAnswer["detector"]>;
  /** What a browser cannot have of itself: the file, where it is not the one that ships, and the settings that were chosen. */
  readonly page: {
    readonly bytes: Uint8Array | undefined;
    readonly settings: PageDetector["settings"];
  };
}

/** What `chooseDetector` chose; `name` is what a person calls it. @throws as `readDetector`. */
export async function servedDetector(chosen: DetectorOptions, name: string): Promise<ServedDetector> {
  const { program, settings, search } = await readDetector(chosen);
  const sha256 = createHash("sha256").update(program.model).digest("hex");
  const { path, sees: _, ...own } = chosen;
  return {
    description: {
      name,
      version: sha256.slice(0, 12),
      search: search ?? settings.size,
      threshold: settings.threshold,
      rotate: settings.rotate ?? "none",
    },
    page: { bytes: path === undefined ? undefined : program.model, settings: own },
  };
}
