/** The recipes that ship with vultus. Each number has a comment with its reason; `docs/recipes.md` explains them. */

import { noAugmentation, referenceAugmentation } from "../augment/settings.ts";
import { type BackboneOptions, backboneNamed } from "../models/registry.ts";
import type { RecipeInput } from "./recipe.ts";

export interface RecipeOptions extends BackboneOptions {
  /** Name of a backbone; left out, the one that the recipe was made for. */
  readonly model?: string | undefined;
  /** The number of training images, if known; `adapt` depends on it. */
  readonly images?: number | undefined;
}

/** The defaults of every recipe, and of a recipe file that extends none: the reference's settings apart from the phases. */
export function startingPoint({
  model = "resnet50",
  ...known
}: RecipeOptions): Omit<RecipeInput, "name" | "phases"> {
  return {
    model,
    head: "reference",
    // The reference's value for both dropouts of its head.
    dropout: 0.4,
    // The size at which the published weights were trained: other sizes change the scale of objects for the filters.
    inputSize: backboneNamed(model, known).preprocessing.size,
    // torchvision's validation: the shorter side to 256, then the central 224.
    validationResize: 256 / 224,
    // The reference's; the head normalises by the statistics of its batch, and 64 images give steady ones.
    batchSize: 64,
    // Any value; it is fixed, so that two runs of a recipe are identical.
    seed: 0,
    // Faces are often labelled wrongly: full certainty is not worth learning (Szegedy et al. 2016).
    labelSmoothing: 0.1,
    // Every class equally often: FER2013 has more than twice as many happy faces as surprised ones.
    sampler: "weighted",
    // The sampler already balances the classes.
    classWeights: "none",
    augmentation: referenceAugmentation as RecipeInput["augmentation"],
    // About the variation that a few epochs would show of each image; every view costs one pass through the frozen backbone.
    views: 4,
  };
}

/** A rise to the peak and a fall, for new weights: large early gradients meet a small rate. */
const headSchedule = {
  type: "oneCycle",
  // PyTorch's default.
  pctStart: 0.3,
  // The reference's: starts at a tenth of the peak, ends at a thousandth.
  divFactor: 10,
  finalDivFactor: 100,
} as const;

/**
 * Returns the statistics that normalise pretrained stages while they train: the running ones, which are exact and cheaper, unless
 * the weights have lost theirs. Then the batch's, because a network without batch norm learns more slowly.
 */
const statisticsOf = ({ model = "resnet50", ...known }: RecipeOptions): "batch" | "running" =>
  backboneNamed(model, known).foldedNorms ? "batch" : "running";

/** The reference: the head alone, then with the last group of stages, then with the last two, at falling rates. */
const progressive = (options: RecipeOptions): RecipeInput => ({
  ...startingPoint(options),
  name: "progressive",
  startsFrom: "trained",
  phases: [
    {
      name: "head",
      train: "head",
      // The reference's; early stopping may end it sooner.
      epochs: 20,
      // One epoch's validation accuracy fluctuates; three in a row are not an accident.
      patience: 3,
      // The usual rate of Adam for fresh layers; the decay is the reference's.
      optimizer: { type: "adamw", learningRate: 1e-3, weightDecay: 1e-4 },
      schedule: headSchedule,
    },
    // A tenth of the head's rate: these weights are good already.
    unfreezing("last", 1, 1e-4, statisticsOf(options)),
    // Half of that: twice as many pretrained weights can be lost.
    unfreezing("last-two", 2, 5e-5, statisticsOf(options)),
  ],
});

/** A later phase of the reference. */
function unfreezing(
  name: string,
  groups: number,
  learningRate: number,
  batchNorm: "batch" | "running",
): RecipeInput["phases"][number] {
  return {
    name,
    train: groups,
    // The reference's value: two cycles of the schedule.
    epochs: 10,
    // The reference's value: these epochs are the expensive ones.
    patience: 2,
    batchNorm,
    // The same decay as for the head.
    optimizer: { type: "adamw", learningRate, weightDecay: 1e-4 },
    // The reference's T_0 of 5 epochs, again and again (T_mult 1), down to a tenth of the rate.
    schedule: { type: "cosineRestarts", firstCycle: 5, cycleFactor: 1, minimumFactor: 0.1 },
  };
}

/** A short head phase, then all layers, each group of stages with a lower rate than the one after it, cosine to zero. */
const finetune = (options: RecipeOptions): RecipeInput => ({
  ...startingPoint(options),
  name: "finetune",
  startsFrom: "trained",
  // Accuracy is measured at the classes' own frequencies, and an epoch sees each image once.
  sampler: "shuffle",
  phases: [
    {
      name: "head",
      train: "head",
      // Only until the head's gradients are meaningful: a random head would damage the backbone (Kumar et al. 2022).
      epochs: 3,
      // No early stop in a phase this short.
      patience: 3,
      // As in `progressive`.
      optimizer: { type: "adamw", learningRate: 1e-3, weightDecay: 1e-4 },
      schedule: headSchedule,
    },
    {
      name: "all",
      train: "all",
      // Enough for a backbone to go from objects to faces; the cosine is stretched over them.
      epochs: 15,
      // The best epochs of a cosine are its last ones, so only clear overfitting stops it.
      patience: 5,
      batchNorm: statisticsOf(options),
      // With `stageDecay` a ResNet's first stage learns at 1e-4, which the reference takes for pretrained weights.
      // The weight decay is PyTorch's default: with everything trainable there is more to overfit.
      optimizer: { type: "adamw", learningRate: 3e-4, weightDecay: 0.01 },
      // Edges stay useful, features of objects less so: each group learns at 0.8 of the one after it.
      stageDecay: 0.8,
      // Half an epoch of warm-up lets AdamW's second moments settle; down to zero, because the last small steps gain the most.
      schedule: { type: "cosine", warmup: 0.5, minimumFactor: 0 },
      // Rarely reached once training runs; keeps one bad batch from undoing the rest.
      clipNorm: 1,
      // Averages over some 100 updates: smooths the noise of single steps without lagging by epochs.
      ema: 0.99,
    },
  ],
});

/** All layers from random weights, with batch statistics. */
const scratch = (options: RecipeOptions): RecipeInput => ({
  ...startingPoint(options),
  name: "scratch",
  startsFrom: "random",
  // As in `finetune`.
  sampler: "shuffle",
  phases: [
    {
      name: "all",
      train: "all",
      // Random weights need several times as many epochs as pretrained ones.
      epochs: 30,
      // As in `finetune`: the best epochs are the last.
      patience: 10,
      // Running statistics are meaningless before there are features.
      batchNorm: "batch",
      // PyTorch's default rate; five times its default decay, since there is nothing pretrained to pull away from.
      optimizer: { type: "adamw", learningRate: 1e-3, weightDecay: 0.05 },
      // One epoch: gradients of random weights are larger for longer.
      schedule: { type: "cosine", warmup: 1, minimumFactor: 0 },
      // As in `finetune`.
      clipNorm: 1,
      ema: 0.99,
    },
  ],
});

/**
 * From random weights on small grey faces: most epochs on smaller, cheaper images, the last ones at full size
 * (progressive resizing), with one cosine over all of them.
 */
const faces = (options: RecipeOptions): RecipeInput => ({
  ...startingPoint({ model: "vultus_m", ...options }),
  name: "faces",
  startsFrom: "random",
  head: "linear",
  // One layer with few features: less than the reference's two dropouts.
  dropout: 0.3,
  // The whole face: FER2013's images are already cropped tightly.
  validationResize: 1,
  // Batch statistics of 128 images are steady, and larger matrix products run faster.
  batchSize: 128,
  // As in `finetune`.
  sampler: "shuffle",
  augmentation: {
    ...noAugmentation,
    // One warp: heads tilt, and detectors are off by a tenth of a face.
    rotation: 12,
    horizontalFlip: 0.5,
    affine: { translate: 0.1, scale: [0.82, 1.18] },
    // Light and cameras differ.
    brightness: 0.25,
    contrast: 0.25,
    // Hands, hair, glasses.
    erasing: { probability: 0.25, scale: [0.02, 0.15], ratio: [0.3, 3.3] },
  } as RecipeInput["augmentation"],
  phases: [
    // A warm-up of one epoch, since gradients of random weights are large.
    fromScratch("small", { epochs: 18, inputScale: 2 / 3, warmup: 1, peak: 3e-3, end: 2 / 3 }),
    fromScratch("middle", { epochs: 10, inputScale: 5 / 6, warmup: 0.2, peak: 2e-3, end: 1 / 2 }),
    fromScratch("full", { epochs: 10, inputScale: 1, warmup: 0.2, peak: 1e-3, end: 0 }),
  ],
});

/**
 * Starts from a network that `faces` trained, on soft labels by this and other networks (`vultus data soften`): first a higher
 * rate again, which leaves the optimum of the first training, then the full size, cosine to zero.
 */
const distil = (options: RecipeOptions): RecipeInput => ({
  ...faces(options),
  name: "distil",
  startsFrom: "trained",
  // Soft labels are already smooth.
  labelSmoothing: 0,
  phases: [
    fromScratch("soft", { epochs: 10, inputScale: 3 / 4, warmup: 0.2, peak: 1.5e-3, end: 2 / 3 }),
    fromScratch("large", { epochs: 9, inputScale: 1, warmup: 0.2, peak: 1e-3, end: 0 }),
  ],
});

interface Stretch {
  readonly epochs: number;
  readonly inputScale: number;
  readonly warmup: number;
  /**
   * The greatest learning rate, and the last one as a share of it: each phase continues at the rate at which the previous one
   * ended.
   */
  readonly peak: number;
  readonly end: number;
}

/** Returns one phase of `faces` or `distil`: all layers train, with batch statistics. */
function fromScratch(name: string, stretch: Stretch): RecipeInput["phases"][number] {
  const { epochs, inputScale, warmup, peak, end } = stretch;
  return {
    name,
    train: "all",
    epochs,
    // No early stopping: each phase ends at the rate at which the next one begins.
    patience: epochs,
    inputScale,
    // As in `scratch`; so are decay and clipping.
    batchNorm: "batch",
    optimizer: { type: "adamw", learningRate: peak, weightDecay: 0.05 },
    schedule: { type: "cosine", warmup, minimumFactor: end },
    clipNorm: 1,
    // Averages over some 500 updates, two epochs of FER2013.
    ema: 0.998,
  };
}

/** Up to this number of images, `adapt` uses small batches, because large ones would give too few updates. */
const FEW_IMAGES = 2000;
/** Images that `adapt` sees over all its epochs if there are many: about a quarter of an hour for `vultus_m` on two cores. */
const IMAGES_SEEN = 150_000;

/**
 * Adapts a network that already knows faces to a new person, camera, style or class: all layers learn at a low rate, and the
 * network's own head keeps its classes. Batch size, rate and epochs depend on the number of images.
 */
const adapt = ({ images = 0, ...options }: RecipeOptions): RecipeInput => {
  const few = images <= FEW_IMAGES;
  // Below four epochs the cosine is too short to fall.
  const epochs = Math.max(4, Math.min(15, Math.round(IMAGES_SEEN / Math.max(1, images))));
  return {
    ...startingPoint({ model: "vultus_m", ...options }),
    name: "adapt",
    startsFrom: "trained",
    // The head of the shipped models.
    head: "linear",
    dropout: 0.1,
    validationResize: 1,
    // Some ten updates per epoch even with twenty images per class; with many images, larger matrix products run faster.
    batchSize: few ? 16 : 64,
    sampler: "shuffle",
    phases: [
      {
        name: "all",
        train: "all",
        epochs,
        patience: epochs,
        // Between the reference's rates for a new head and for pretrained weights; it grows with the square root of the batch
        // size, as it should for Adam (Malladi et al. 2022).
        optimizer: { type: "adamw", learningRate: few ? 5e-4 : 1e-3, weightDecay: 0.01 },
        // As in `finetune`.
        stageDecay: 0.8,
        schedule: { type: "cosine", warmup: 1, minimumFactor: 0 },
        clipNorm: 1,
        // Averages over some ten updates if there are few, and over a hundred, as in `finetune`, if there are many.
        ema: few ? 0.9 : 0.99,
      },
    ],
  };
};

/**
 * A minute on drawn faces, from the smallest shipped network: first the head alone, on features learned from real faces, which is
 * not enough, then all layers.
 */
const quickstart = (options: RecipeOptions): RecipeInput => ({
  ...startingPoint({ model: "vultus_s", ...options }),
  name: "quickstart",
  startsFrom: "trained",
  // The head of the shipped models.
  head: "linear",
  // A low value, because a few epochs underfit.
  dropout: 0.1,
  // The whole face: drawn faces fill the image.
  validationResize: 1,
  // Small batches make more updates in the same time.
  batchSize: 32,
  // The labels of drawings are nearly certain.
  labelSmoothing: 0.05,
  sampler: "shuffle",
  views: 2,
  augmentation: {
    ...noAugmentation,
    // Light, for the same reason as for the dropout.
    randomResizedCrop: { scale: [0.85, 1], ratio: [0.95, 1.05] },
    horizontalFlip: 0.5,
    brightness: 0.2,
    contrast: 0.2,
  } as RecipeInput["augmentation"],
  phases: [
    {
      name: "head",
      train: "head",
      epochs: 4,
      patience: 4,
      // Ten times the usual rate: drawn faces are far from real ones, and four epochs are few.
      optimizer: { type: "adamw", learningRate: 1e-2, weightDecay: 1e-4 },
      schedule: headSchedule,
    },
    {
      name: "all",
      train: "all",
      // Two cores finish them in less than a minute.
      epochs: 4,
      patience: 4,
      batchNorm: "batch",
      // Between the rates of `adapt` and of training from scratch: drawings differ much from photos, and the data are many.
      optimizer: { type: "adamw", learningRate: 2e-3, weightDecay: 0.02 },
      schedule: headSchedule,
      clipNorm: 1,
    },
  ],
});

export const recipes: Readonly<Record<string, (options: RecipeOptions) => RecipeInput>> = {
  progressive,
  finetune,
  scratch,
  faces,
  distil,
  adapt,
  quickstart,
};
