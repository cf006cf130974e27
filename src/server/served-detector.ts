/** The face detector of a service: what it says of it, and what the page's browser needs of it. */

import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { PageDetector } from "../export/page-models.ts";
import type { DetectorOptions, ModelOptions } from "../predict/model.node.ts";
import { loadDetector } from "../predict/shipped-detector.node.ts";
import type { ModelAnswer } from "./schemas.ts";

export interface ServedDetector {
  readonly description: NonNullable<ModelAnswer["detector"]>;
  /** What a browser cannot have of itself: the file, where it is not the one that ships, and the settings that were chosen. */
  readonly page: {
    readonly bytes: Uint8Array | undefined;
    readonly settings: PageDetector["settings"];
  };
}

/** Undefined where faces are not looked for. @throws as `loadDetector`. */
export function servedDetector(asked: ModelOptions["detector"] = {}): ServedDetector | undefined {
  if (asked === false) return undefined;
  const { path, ...chosen } = asked satisfies DetectorOptions;
  const { program, settings, search } = loadDetector(path, asked);
  const sha256 = createHash("sha256").update(program.model).digest("hex");
  return {
    description: {
      name: path === undefined ? "face_detector" : basename(path).replace(/\.onnx$/i, ""),
      version: sha256.slice(0, 12),
      search: search ?? settings.size,
      threshold: settings.threshold,
    },
    page: { bytes: path === undefined ? undefined : program.model, settings: chosen },
  };
}
