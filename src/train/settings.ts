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
  /** How the data was requested, as recorded in the run; omitted if the data has no path. */
  readonly request?: DataRequest | undefined;
  /** The file that lists images excluded from the data set; the run keeps a copy. */
  readonly exclude?: string | undefined;
  /** The file of corrected labels, which are already applied to the data set; the run keeps a copy. */
  readonly corrections?: string | undefined;
  /** Splits to cut from the training images if the data has none, by the recipe's seed. */
  readonly cut?: CutShares;
  readonly architecture: Architecture;
  readonly recipe: Recipe;
  /** Weights to start from; missing ones are drawn from the recipe's seed. */
  readonly weights: StateDict;
  /** A description of their origin, which the run records. */
  readonly weightsSource?: string;
  /** The images that they were trained on; none by default. */
  readonly imagesBefore?: TrainingImagesRecord;
  /**
   * Models whose predictions for the student's own augmented images are learned in addition to the labels: run folders, files, or
   * names of shipped models. A resumed run only uses the copies that it kept.
   */
  readonly teachers?: readonly string[];
  readonly folder: string;
  readonly resume: boolean;
  readonly version: string;
  readonly device: Device;
  readonly threads: number;
  readonly precision: "fp32" | "fp16";
  /** Whether phases that train only the head run the backbone only once per augmented view. */
  readonly cacheFeatures: boolean;
  /** Maximum bytes of decoded images to keep in memory, and of cached features (the same number again). */
  readonly memoryBudget: number;
  readonly allowUnreadable: boolean;
  /** Maximum time between two checkpoints, in seconds. */
  readonly checkpointEvery: number;
  /** Shortens the training to a time budget. */
  readonly pace?: Pace | undefined;
  /** An engine for this device that is already running. The caller closes it; after a failure it may already be closed. */
  readonly engine?: Engine | undefined;
  readonly listeners: readonly Listener[];
  readonly signal: AbortSignal;
}
