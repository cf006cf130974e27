/** Builds a classifier from the tensors and the metadata of its file. */

import { type Architecture, describe } from "../models/classifier.ts";
import type { BackboneOptions } from "../models/registry.ts";
import type { StateDict } from "../util/tensor.ts";
import { type Metadata, readArchitecture } from "./classifier-file.ts";
import { fitWeights } from "./fit.ts";
import { resolveArchitecture } from "./resolve-architecture.ts";

/** Weights and their file's metadata. */
export interface WeightsFile {
  readonly tensors: StateDict;
  readonly metadata: Metadata;
  /** Notes on what was taken from a file that contains more. */
  readonly notes?: readonly string[];
}

/** A classifier ready to be compiled. */
export interface Classifier {
  readonly architecture: Architecture;
  readonly weights: StateDict;
  readonly metadata: Metadata;
  /** Where it was read from. */
  readonly path: string;
}

/**
 * The one classifier in a file; `path` is the file name used in error messages.
 *
 * @throws UsageError if its backbone is unknown, or it is not one network; FormatError if weights do not fit.
 */
export function classifierOf(
  { tensors, metadata }: WeightsFile,
  path: string,
  options: BackboneOptions = {},
): Classifier {
  const architecture = resolveArchitecture(readArchitecture(metadata, path), path, options);
  const { weights } = fitWeights(tensors, architecture, describe(architecture), path, architecture.classes);
  return { architecture, weights, metadata, path };
}
