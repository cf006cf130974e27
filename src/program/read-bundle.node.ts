/** A classifier on disk as a bundle: an exported `.onnx` as it is, anything else compiled to what it would export. */

import { readBytes } from "../util/files.node.ts";
import { temperatureOf } from "../weights/classifier-file.ts";
import { classifierPath, loadClassifier } from "../weights/load.node.ts";
import { compileBundle } from "./bundle.ts";
import { type Bundle, decodeBundle } from "./decode-bundle.ts";

/** The bundle in a run folder, or in any file that vultus wrote. */
export function loadBundle(path: string): Bundle {
  const file = classifierPath(path);
  if (file.endsWith(".onnx")) return decodeBundle(readBytes(file), file);
  const { architecture, weights, metadata } = loadClassifier(file);
  const temperature = temperatureOf(metadata, file);
  return {
    architecture,
    metadata,
    program: compileBundle({ architecture, weights, temperature }),
    input: "uint8",
    path: file,
  };
}
