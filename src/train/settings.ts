/** Everything that a training needs to be told; nothing has a default here. */

import type { Dataset } from "../data/dataset.ts";
import type { SplitShares } from "../data/split.ts";
import type { Architecture } from "../models/classifier.ts";
import type { Device } from "../runtime/session.ts";
import type { StateDict } from "../util/tensor.ts";
import type { Listener } from "./events.ts";
import type { Recipe } from "./recipe.ts";

export interface TrainSettings {
  readonly dataset: Dataset;
  /** Splits to cut from the training pictures where the data has none, by the recipe's seed. */
  readonly cut?: SplitShares;
  readonly architecture: Architecture;
  readonly recipe: Recipe;
  /** Weights to start from; what they lack is drawn from the recipe's seed. */
  readonly weights: StateDict;
  /** Where they came from, in words; kept in the run. */
  readonly weightsSource?: string;
  /**
   * Models whose answers to the student's own augmented images are learned beside the labels: run folders, files, or names
   * of models that ship. A resumed run has kept its own and takes no others.
   */
  readonly teachers?: readonly string[];
  readonly folder: string;
  readonly resume: boolean;
  readonly version: string;
  readonly device: Device;
  readonly threads: number;
  readonly precision: "fp32" | "fp16";
  /** Whether phases that train only the head compute the backbone once per augmented view. */
  readonly cacheFeatures: boolean;
  /** Bytes of decoded pictures, and of cached features, to keep in memory. */
  readonly memoryBudget: number;
  readonly allowUnreadable: boolean;
  /** Greatest time between two checkpoints, in seconds. */
  readonly checkpointEvery: number;
  readonly listeners: readonly Listener[];
  readonly signal: AbortSignal;
}
