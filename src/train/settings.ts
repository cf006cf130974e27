/** All settings of a training, without defaults. */

import type { Dataset } from "../data/dataset.ts";
import type { CutShares } from "../data/split.ts";
import type { Architecture } from "../models/classifier.ts";
import type { Engine } from "../runtime/engine.ts";
import type { Device } from "../runtime/session.ts";
import type { StateDict } from "../util/tensor.ts";
import type { TrainingImagesRecord } from "../weights/training-images.ts";
import type { DataRequest } from "./data-request.ts";
import type { Listener } from "./events.ts";
import type { Pace } from "./pace.ts";
import type { Recipe } from "./recipe.ts";

export interface TrainSettings {
  readonly dataset: Dataset;
  /** How the data was asked for, which the run keeps; left out where no path leads to it. */
  readonly request?: DataRequest | undefined;
  /** The file that lists images which the data set lacks for that reason; the run keeps a copy. */
  readonly exclude?: string | undefined;
  /** The file of corrected labels, which are already applied to the data set; the run keeps a copy. */
  readonly corrections?: string | undefined;
  /** Splits to cut from the training images if the data has none, by the recipe's seed. */
  readonly cut?: CutShares;
  readonly architecture: Architecture;
  readonly recipe: Recipe;
  /** Weights to start from; missing ones are drawn from the recipe's seed. */
  readonly weights: StateDict;
  /** Their origin in words, which the run records. */
  readonly weightsSource?: string;
  /** The images that they were trained on; none by default. */
  readonly imagesBefore?: TrainingImagesRecord;
  /**
   * Models whose answers to the student's own augmented images are learned as well as the labels: run folders, files, or names
   * of models that ship. A resumed run uses the copies that it kept, and no others.
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
  /** Bytes of decoded images to keep in memory, and of cached features as many again. */
  readonly memoryBudget: number;
  readonly allowUnreadable: boolean;
  /** Greatest time between two checkpoints, in seconds. */
  readonly checkpointEvery: number;
  /** Shortens the training to a time budget. */
  readonly pace?: Pace | undefined;
  /** An engine for this device that is already running. The caller closes it; after a failure it may already be closed. */
  readonly engine?: Engine | undefined;
  readonly listeners: readonly Listener[];
  readonly signal: AbortSignal;
}
