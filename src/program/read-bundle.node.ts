/** Reads a classifier as a bundle: an exported `.onnx` unchanged; anything else is compiled as for an export. */

import type { BackboneOptions } from "../models/registry.ts";
import { readBytes } from "../util/files.node.ts";
import { answeringOf, describeArchitecture } from "../weights/classifier-file.ts";
import { classifierPath, loadClassifier } from "../weights/load.node.ts";
import { compileBundle } from "./bundle.ts";
import { type Bundle, decodeBundle } from "./decode-bundle.ts";

/**
 * Returns the bundle in a run folder, or in any file that vultus wrote. Only a file that must be compiled first, `.safetensors`
 * or `.pth`, needs a backbone that is registered or among `options.backbones`.
 */
export function loadBundle(path: string, options: BackboneOptions = {}): Bundle {
  const file = classifierPath(path);
  if (file.endsWith(".onnx")) return decodeBundle(readBytes(file), file);
  const { architecture, weights, metadata } = loadClassifier(file, options);
  return {
    architecture: describeArchitecture(architecture),
    metadata,
    program: compileBundle({ architecture, weights, ...answeringOf(metadata, file), metadata }),
    input: "uint8",
    path: file,
  };
}
