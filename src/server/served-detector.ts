/** The face detector of a service: its description, and the parts that the page needs in the browser. */

import { createHash } from "node:crypto";
import type { PageDetector } from "../export/page-models.ts";
import type { DetectorOptions } from "../predict/detector-choice.node.ts";
import { readDetector } from "../predict/shipped-detector.node.ts";
import type { ModelAnswer } from "./schemas.ts";

export interface ServedDetector {
  readonly description: NonNullable<ModelAnswer["detector"]>;
  /**
   * Parts that a browser does not already have: the file, unless it is the detector that ships, and the chosen
   * settings.
   */
  readonly page: {
    readonly bytes: Uint8Array | undefined;
    readonly settings: PageDetector["settings"];
  };
}

/** `chosen` is the result of `chooseDetector`; `name` is the display name. @throws as `readDetector` */
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
