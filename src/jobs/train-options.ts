/** The options of a training, and the check of options that programs pass. */

import { checkOptions, type Kind, kinds, oneOf } from "./check-options.ts";
import type { DataOptions, DataSource } from "./data.ts";
import type { PrecisionOptions } from "./device.ts";
import type { OnEvent } from "./events.ts";
import type { RecipeOptions } from "./recipe.ts";
import type { TrainEvent } from "./train-events.ts";

/** Where a training's images are. */
export type TrainingData =
  | {
      /** Folders (`dir/<class>/…`, `dir/{train,validation,test}/<class>/…`), CSV files, or a data set. */
      readonly data: DataSource;
      readonly resume?: string | boolean | undefined;
    }
  /** A resumed run records its data. */
  | { readonly data?: never; readonly resume: string | true };

export type TrainOptions = TrainingOptions & TrainingData;

export interface TrainingOptions extends RecipeOptions, PrecisionOptions, DataOptions {
  /** Run folder, which must be new or empty. Default: `runs/<model>-<recipe>-<number>`. */
  readonly out?: string | undefined;
  /**
   * Run folder to continue, or true for `out`. It needs no other option, not even the data, unless a program passed the data as a
   * data set. The original options may be given again.
   */
  readonly resume?: string | boolean | undefined;
  /** Epochs to add to the finished run that `resume` names, as if its schedule had been longer. */
  readonly extend?: number | undefined;
  /**
   * Models whose predictions for the same augmented images are learned in addition to the labels: run folders, files, or names of
   * shipped models. A resumed run uses its own copies of them.
   */
  readonly teachers?: string | readonly string[] | undefined;
  /** Share of the training images to validate on, from 0 to 1. Default: 0.2 if the data has no validation split. */
  readonly validation?: number | undefined;
  /** Share of the training images to test on once, at the end. */
  readonly test?: number | undefined;
  /** Whether to compute a frozen backbone once per view instead of in every epoch. Default: true. */
  readonly cacheFeatures?: boolean | undefined;
  /** Gigabytes of decoded images to keep in memory, and the same again for cached features. Default: 2. */
  readonly memory?: number | undefined;
  /** Maximum time between two checkpoints, in seconds. Default: 300. */
  readonly checkpointEvery?: number | undefined;
  /** Continue even if more than 1 % of the images cannot be read. Default: false. */
  readonly allowUnreadable?: boolean | undefined;
  /** Stops the training after the current step; the run is saved and can be resumed. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: OnEvent<TrainEvent> | undefined;
}

const {
  unchecked,
  text,
  texts,
  textOrTexts,
  textsByName,
  textOrFlag,
  flag,
  positive,
  atLeast0,
  count,
  call,
  signal: aSignal,
} = kinds;
const expected: { readonly [K in keyof Required<TrainOptions>]: Kind } = {
  ...{ data: unchecked, out: text, resume: textOrFlag, extend: count, exclude: text, classes: texts },
  ...{ rename: textsByName, notAClass: texts, corrections: text },
  // Options of several types, or checked by the recipe or the cut.
  ...{
    recipe: unchecked,
    overrides: unchecked,
    attention: unchecked,
    inputSize: unchecked,
    batchSize: unchecked,
    seed: unchecked,
    timeBudget: unchecked,
    backbones: unchecked,
  },
  ...{ validation: unchecked, test: unchecked, model: text, weights: text, teachers: textOrTexts },
  ...{ device: text, threads: count, precision: oneOf("auto", "fp32", "fp16"), cacheFeatures: flag },
  ...{ memory: positive, checkpointEvery: atLeast0, allowUnreadable: flag, signal: aSignal, onEvent: call },
};

/** @throws UsageError for an option that does not exist, or with a value of the wrong type. */
export function checkTrainOptions(options: TrainOptions): void {
  checkOptions(options, expected);
}
