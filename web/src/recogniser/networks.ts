/** The networks that find faces for all models; the build puts them into `faces/`. */

import eyes from "../../../dist/models/eyes.onnx?url";
import shipped from "../../../dist/models/face_detector.onnx?url";
import type { PageDetector } from "../../../src/export/page-models.ts";
import type { StartRequest } from "./protocol.ts";

/** The detector that `models.json` names, or else the shipped one. */
export function detectorOf({ file, settings }: PageDetector = { settings: {} }): StartRequest["detector"] {
  return { ...settings, source: file ?? shipped, eyes };
}
