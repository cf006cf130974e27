/** The face detectors on disk: the one that ships, which `npm run build` converts, and any other by its path. */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { VultusError } from "../util/errors.ts";
import { readBytes } from "../util/files.node.ts";
import { type DetectorModel, type DetectorSettings, decodeDetector } from "./onnx-detector.ts";

/** The detector at `path`, or the one that ships. */
export function loadDetector(path?: string, chosen: Partial<DetectorSettings> = {}): DetectorModel {
  const file = path ?? shippedDetector();
  return decodeDetector(readBytes(file), file, chosen);
}

/** Beside the built code; when this file runs as source, in `dist/`. */
function shippedDetector(): string {
  const places = ["../models/face_detector.onnx", "../../dist/models/face_detector.onnx"];
  const file = places.map((place) => fileURLToPath(new URL(place, import.meta.url))).find(existsSync);
  if (!file) throw new VultusError("the face detector is not built; run `npm run build`");
  return file;
}
