/** The smallest complete classifier, with random weights, for tests of its further use. */

import { writeFileSync } from "node:fs";
import { type Architecture, describe, withNewWeights } from "../../src/models/classifier.ts";
import { backboneNamed } from "../../src/models/registry.ts";
import { compileBundle } from "../../src/program/bundle.ts";
import { classifierMetadata, type Provenance } from "../../src/weights/classifier-file.ts";
import { encodeSafetensors } from "./safetensors.ts";

export function smallArchitecture(...classes: string[]): Architecture {
  return {
    backbone: backboneNamed("vultus_s"),
    head: "linear",
    classes,
    dropout: 0,
    inputSize: 32,
    resize: 1,
  };
}

/** The same as a bundle, the format that a page reads. */
export function writeSmallBundle(
  path: string,
  architecture: Architecture,
  provenance: Provenance = {},
): void {
  const weights = withNewWeights(describe(architecture).specs, new Map(), 0);
  const metadata = classifierMetadata(architecture, provenance);
  writeFileSync(path, compileBundle({ architecture, weights, metadata }).model);
}

export function writeClassifier(path: string, architecture: Architecture): void {
  const weights = withNewWeights(describe(architecture).specs, new Map(), 0);
  writeFileSync(path, encodeSafetensors(weights, classifierMetadata(architecture)));
}
