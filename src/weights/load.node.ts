/** Reads weights and classifiers from disk. */

import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "../formats/safetensors.node.ts";
import type { Architecture, Description } from "../models/classifier.ts";
import { UsageError } from "../util/errors.ts";
import type { StateDict } from "../util/tensor.ts";
import { architectureOf } from "./classifier-file.ts";
import { type Fitted, fitWeights } from "./fit.ts";

/** A classifier that is ready to be compiled. */
export interface Classifier {
  readonly architecture: Architecture;
  readonly weights: StateDict;
  /** Where it was read from. */
  readonly path: string;
}

/** The classifier in a run folder or in a `.safetensors` file that a run wrote. */
export function loadClassifier(path: string): Classifier {
  if (!existsSync(path))
    throw new UsageError(`${path} does not exist; give a run folder or its best.safetensors`);
  const file = statSync(path).isDirectory() ? join(path, "best.safetensors") : path;
  if (!existsSync(file)) {
    throw new UsageError(
      `${path} holds no best.safetensors: the run has not finished an epoch yet; continue it with --resume`,
    );
  }
  requireSafetensors(file);
  const { tensors, metadata } = readSafetensors(file);
  return { architecture: architectureOf(metadata, file), weights: tensors, path: file };
}

/** Weights from a file, fitted to a classifier. */
export function loadWeights(path: string, architecture: Architecture, description: Description): Fitted {
  if (!existsSync(path))
    throw new UsageError(`the weights ${path} do not exist; ${howToGetWeights(architecture)}`);
  requireSafetensors(path);
  return fitWeights(readSafetensors(path).tensors, architecture, description, path);
}

/** What to do when a recipe needs weights and has none. */
export function howToGetWeights({ backbone }: Architecture): string {
  return (
    `give a .safetensors file with torchvision's names by --weights, for example one written in Python by ` +
    `safetensors.torch.save_file(torchvision.models.${backbone.name}(weights="DEFAULT").state_dict(), "${backbone.name}.safetensors"), ` +
    "or ask for random weights with --weights none"
  );
}

function requireSafetensors(path: string): void {
  if (path.endsWith(".safetensors")) return;
  throw new UsageError(`${path} is no .safetensors file; that is the format in which weights are read`);
}
