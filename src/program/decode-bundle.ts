/** Reads an exported file as a bundle: its program and its metadata. Plain data: no backbone is looked up. */

import type { PriorShift } from "../metrics/prior.ts";
import { FormatError } from "../util/errors.ts";
import { type DescribedArchitecture, type Metadata, readArchitecture } from "../weights/classifier-file.ts";
import type { BundleInput } from "./bundle.ts";
import { decodeProgram } from "./onnx-program.ts";
import type { Program } from "./program.ts";

export interface Bundle {
  readonly architecture: DescribedArchitecture;
  readonly metadata: Metadata;
  readonly program: Program;
  readonly input: BundleInput;
  /** The path or URL that it was read from. */
  readonly path: string;
  /** The shift of its outputs to another class prior (`withPrior`). */
  readonly shift?: PriorShift | undefined;
}

/** Reads an exported file; `name` is its name in errors. @throws FormatError if it is not a bundle. */
export function decodeBundle(bytes: Uint8Array, name: string): Bundle {
  const { program, inputs, outputs, metadata } = decodeProgram(bytes, name);
  const architecture = readArchitecture(metadata, name);
  const [pictures] = inputs;
  const wanted = ["probabilities", "logits", "embedding"];
  const fits =
    inputs.length === 1 &&
    pictures?.name === "pictures" &&
    wanted.every((output) => outputs.some((o) => o.name === output));
  const input = pictures?.dtype;
  if (!fits || (input !== "uint8" && input !== "float32")) {
    throw new FormatError(
      `${name} is not a bundle: it must take images and return ${wanted.join(", ")}, it takes ${inputs.map((i) => i.name).join(", ")} and returns ${outputs.map((o) => o.name).join(", ")}`,
    );
  }
  return { architecture, metadata, program, input, path: name };
}
