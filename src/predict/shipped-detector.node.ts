/** The face detectors on disk: the one that ships, which `npm run build` converts, and any other by its path. */

import { existsSync } from "node:fs";
import { decodeProgram } from "../program/onnx-program.ts";
import { VultusError } from "../util/errors.ts";
import { readBytes } from "../util/files.node.ts";
import { packageFile } from "../util/package.node.ts";
import { type DetectorModel, type DetectorSettings, decodeDetector } from "./onnx-detector.ts";

/** The detector at `path`, or the one that ships; how faces are tilted is found by the network that ships. */
export function loadDetector(path?: string, chosen: Partial<DetectorSettings> = {}): DetectorModel {
  const file = path ?? shipped("face_detector.onnx");
  const eyes = shipped("eyes.onnx");
  return {
    ...decodeDetector(readBytes(file), file, chosen),
    eyes: decodeProgram(readBytes(eyes), eyes).program,
  };
}

function shipped(name: string): string {
  const file = packageFile(`dist/models/${name}`);
  if (!existsSync(file)) throw new VultusError(`${name} is not built; run \`npm run build\``);
  return file;
}
