/** A classifier on disk as a bundle: an exported `.onnx` as it is, anything else compiled to what it would export. */

import type { Architecture } from "../models/classifier.ts";
import { FormatError } from "../util/errors.ts";
import { readBytes } from "../util/files.node.ts";
import { architectureOf, type Metadata, temperatureOf } from "../weights/classifier-file.ts";
import { classifierPath, loadClassifier } from "../weights/load.node.ts";
import { type BundleInput, compileBundle } from "./bundle.ts";
import { decodeProgram } from "./onnx-program.ts";
import type { Program } from "./program.ts";

export interface Bundle {
  readonly architecture: Architecture;
  readonly metadata: Metadata;
  readonly program: Program;
  readonly input: BundleInput;
  /** Where it was read from. */
  readonly path: string;
}

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

/** Reads an exported file; `name` is what errors call it. */
export function decodeBundle(bytes: Uint8Array, name: string): Bundle {
  const { program, inputs, outputs, metadata } = decodeProgram(bytes, name);
  const architecture = architectureOf(metadata, name);
  const [pictures] = inputs;
  const wanted = ["probabilities", "logits", "embedding"];
  const fits =
    inputs.length === 1 &&
    pictures?.name === "pictures" &&
    wanted.every((output) => outputs.some((o) => o.name === output));
  const input = pictures?.dtype;
  if (!fits || (input !== "uint8" && input !== "float32")) {
    throw new FormatError(
      `${name} is not a bundle: it must take pictures and give ${wanted.join(", ")}, it takes ${inputs.map((i) => i.name).join(", ")} and gives ${outputs.map((o) => o.name).join(", ")}`,
    );
  }
  return { architecture, metadata, program, input, path: name };
}
