/** What a trained model should beat: the majority class, a linear probe, and its own backbone with only the head trained. */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { noAugmentation } from "../augment/settings.ts";
import { classCounts, type Dataset, indicesOf, type Sample } from "../data/dataset.ts";
import { labelsOf } from "../evaluate/evaluate.ts";
import { describe } from "../models/classifier.ts";
import { compileBundle } from "../program/bundle.ts";
import type { Bundle } from "../program/decode-bundle.ts";
import { recipeArchitecture } from "../train/forecast.ts";
import { checkRecipe } from "../train/override.ts";
import { type Recipe, recipeSchema } from "../train/recipe.ts";
import { recipes } from "../train/recipes.ts";
import { parseJson, runPaths } from "../train/run-folder.node.ts";
import { trainInto } from "../train/train.node.ts";
import { UsageError } from "../util/errors.ts";
import { callTo } from "../util/spelling.ts";
import { version } from "../util/version.node.ts";
import { classifierMetadata, describeArchitecture } from "../weights/classifier-file.ts";
import { defaults } from "./defaults.ts";
import type { DeviceChoice } from "./device.ts";
import type { Teller } from "./events.ts";
import type { LabelledPictures } from "./labelled-pictures.ts";
import { startingWeights } from "./starting-weights.ts";
import { passedOn, type TrainEvent } from "./train-events.ts";

/** Baselines that a comparison accepts in place of its second model. */
export const baselines = {
  base: "the same backbone with only the head trained",
  "linear-probe": "a linear layer on the backbone's starting features",
  majority: "always the most frequent class",
} as const;
export type Baseline = keyof typeof baselines;

export function isBaseline(word: string): word is Baseline {
  return Object.hasOwn(baselines, word);
}

/** Returns the class frequencies of the training images as the prediction for every image. */
export function majorityAnswers({ dataset, pixels }: LabelledPictures): Float32Array {
  const classes = dataset.classes.length;
  const training = dataset.samples.filter(({ split }) => split === "train");
  const known = classCounts(training.length > 0 ? training : pixels.samples, classes);
  const total = known.reduce((sum, count) => sum + count, 0);
  const labels = labelsOf(pixels);
  const answers = new Float32Array(labels.length * classes);
  return answers.map((_, i) => (known[i % classes] as number) / total);
}

export interface BaselineOptions {
  /** Where the backbone starts, as for training. */
  readonly weights?: string | undefined;
  /** Gigabytes of decoded images and cached features. */
  readonly memory?: number | undefined;
  readonly allowUnreadable?: boolean | undefined;
}

/**
 * Trains a baseline of the run in `folder` on the training images of `dataset`, with the recipe of that run as far as it
 * applies. As in the run, validation images decide when to stop.
 */
export async function trainedBaseline(
  kind: Exclude<Baseline, "majority">,
  folder: string,
  dataset: Dataset,
  { weights: asked, memory = defaults.memory, allowUnreadable = false }: BaselineOptions,
  device: DeviceChoice,
  teller: Teller<TrainEvent>,
): Promise<Bundle> {
  checkSplits(kind, dataset);
  const recipe = recipeOf(kind, folder);
  const architecture = recipeArchitecture(recipe, dataset.classes);
  const description = describe(architecture);
  const { signal } = new AbortController();
  const starting = await startingWeights(
    architecture,
    description,
    recipe,
    // A baseline always freezes the backbone, regardless of the recipe.
    asked === "none" ? "random-frozen" : asked,
    {
      offline: callTo("compare", { a: folder, b: "majority", data: dataset.sources }),
      random: callTo("compare", { a: folder, b: kind, data: dataset.sources, weights: "none" }),
    },
    signal,
    teller,
  );
  // A weight file may contain a head of the same shape; the head of a baseline starts from new weights.
  const weights = new Map([...starting.weights].filter(([name]) => !name.startsWith("head.")));
  const scratch = mkdtempSync(join(tmpdir(), "vultus-baseline-"));
  teller.note(`training ${kind}: ${baselines[kind]}`);
  try {
    const trained = await trainInto({
      dataset,
      architecture,
      recipe,
      weights,
      weightsSource: starting.source,
      imagesBefore: starting.imagesBefore,
      folder: scratch,
      resume: false,
      version,
      ...device,
      cacheFeatures: true,
      memoryBudget: memory * 1e9,
      allowUnreadable,
      checkpointEvery: 600,
      listeners: [passedOn(teller)],
      signal,
    });
    trained.validation.close();
    await trained.engine.close();
    const accuracy = trained.progress.best?.accuracy ?? 0;
    teller.note(`${kind}: ${(100 * accuracy).toFixed(1)} % on validation`);
    const program = compileBundle({ architecture, weights: trained.weights });
    return {
      architecture: describeArchitecture(architecture),
      metadata: classifierMetadata(architecture, { trainedPrior: trained.trainedPrior }),
      program,
      input: "uint8",
      path: kind,
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function checkSplits(kind: string, { samples }: Dataset): void {
  const missing = (["train", "validation"] as const).filter(
    (split) => indicesOf(samples as Sample[], split).length === 0,
  );
  if (missing.length === 0) return;
  throw new UsageError(
    `${kind} must be trained, but the data has no ${missing.join(" and no ")} images. Give a folder with train/ and validation/, or a manifest that vultus data split wrote`,
  );
}

/** Returns the recipe of a run, reduced to what the baseline trains. */
function recipeOf(kind: Exclude<Baseline, "majority">, folder: string): Recipe {
  const { recipe: path } = runPaths(folder);
  if (!existsSync(path))
    throw new UsageError(
      `${folder} is not a run folder, so the recipe for ${kind} is unknown. Give the run folder`,
    );
  // The phases differ from the run's, and so do their starting weights.
  const recipe = { ...parseJson(path, recipeSchema), startsFrom: "trained" };
  if (kind === "base") {
    const own = recipe.phases.find((phase) => phase.train === "head");
    return checkRecipe({
      ...recipe,
      phases: [own ?? recipes.progressive?.({ model: recipe.model }).phases[0]],
    });
  }
  return checkRecipe({
    ...recipe,
    // Logistic regression: no hidden layer, no dropout, no augmentation.
    head: "linear",
    dropout: 0,
    labelSmoothing: 0,
    sampler: "shuffle",
    classWeights: "none",
    augmentation: noAugmentation,
    views: 1,
    phases: [
      {
        name: "probe",
        train: "head",
        // Cheap, since features are computed once. The last, small steps of the cosine matter, so it never stops early.
        epochs: 40,
        patience: 40,
        // PyTorch's default rate. At three times that, validation accuracy varied by 5 points from epoch to epoch.
        optimizer: { type: "adamw", learningRate: 1e-3, weightDecay: 1e-4 },
        schedule: { type: "cosine" },
      },
    ],
  });
}
