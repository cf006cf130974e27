/** Loads face detectors from disk: the one that ships, which `npm run build` converts, or another by its path. */

import { existsSync } from "node:fs";
import { decodeProgram } from "../program/onnx-program.ts";
import { VultusError } from "../util/errors.ts";
import { readBytes } from "../util/files.node.ts";
import { packageFile } from "../util/package.node.ts";
import { type Choosing, chooseDetector, type DetectorChoice } from "./detector-choice.node.ts";
import { type DetectorModel, type DetectorSettings, decodeDetector } from "./onnx-detector.ts";

/**
 * Loads the detector of this name: `fast` or `thorough` for a search mode of the detector that ships, `yunet` for
 * OpenCV's from the Hugging Face hub, or the path of an ONNX file. Default: `thorough`.
 *
 * @throws UsageError for an unknown name or missing file; FormatError for a file that is not a detector.
 */
export function loadDetector(
  name?: string,
  settings: Partial<DetectorSettings> = {},
): Promise<DetectorModel> {
  return readDetector({ ...settings, ...(name !== undefined && { path: name }) });
}

/** Reads the chosen detector; the landmark network that ships estimates the tilt of faces. @throws as `loadDetector` */
export async function readDetector(choice?: DetectorChoice, choosing?: Choosing): Promise<DetectorModel> {
  const { path, ...settings } = await chooseDetector(choice, choosing);
  const file = path ?? shipped("face_detector.onnx");
  const eyes = shipped("eyes.onnx");
  return {
    ...decodeDetector(readBytes(file), file, settings),
    eyes: decodeProgram(readBytes(eyes), eyes).program,
  };
}

function shipped(name: string): string {
  const file = packageFile(`dist/models/${name}`);
  if (!existsSync(file)) throw new VultusError(`${name} is not built; run \`npm run build\``);
  return file;
}
