/** The recipe: every number of a training, validated. A resolved recipe contains no defaults. */

import { z } from "zod";
import type { Loss } from "../losses/loss.ts";
import { type LossName, losses } from "../losses/registry.ts";
import { calibrationTargets } from "../metrics/temperature.ts";
import { attentionKinds } from "../nn/attention.ts";
import { headNames } from "../nn/heads.ts";
import { adamwDefaults } from "../optim/optimizer.ts";
import { didYouMean } from "../util/nearest.ts";

/** Returns a schema for a number whose errors all state the valid values. */
function number(valid: string, bound: (number: z.ZodNumber, error: string) => z.ZodNumber): z.ZodNumber {
  const error = `must be ${valid}`;
  return bound(z.number({ error }), error);
}

const share = number("a number from 0 to 1", (n, error) => n.min(0, error).max(1, error));
const shareBelow1 = number("a number from 0 to below 1", (n, error) => n.min(0, error).lt(1, error));
const positive = number("a number above 0", (n, error) => n.positive(error));
const atLeast0 = number("a number of 0 or more", (n, error) => n.min(0, error));
const atLeast1 = number("a number of 1 or more", (n, error) => n.min(1, error));
const count = number("a whole number of 1 or more", (n, error) => n.int(error).min(1, error));

/** Returns a schema for minimum and maximum, in this order. */
function range(of: z.ZodNumber, valid: string) {
  const error = `must be two numbers ${valid}, the smaller first`;
  return z.tuple([of, of], { error }).refine(([least, greatest]) => least <= greatest, { error });
}
const positives = range(positive, "above 0");
const areas = range(
  number("a number above 0 and up to 1", (n, error) => n.positive(error).max(1, error)),
  "above 0 and up to 1",
);

function oneOf<const T extends readonly [string, ...string[]]>(names: T) {
  return z.enum(names, {
    error: ({ input }) => `must be one of ${names.join(", ")}.${didYouMean(String(input), names)}`,
  });
}

/** Returns a schema for an object with these keys and no others. */
function object<T extends z.core.$ZodLooseShape>(shape: T) {
  const valid = Object.keys(shape);
  return z.strictObject(shape, {
    error(issue) {
      if (issue.code !== "unrecognized_keys") return `must be an object with the keys ${valid.join(", ")}`;
      const [key = ""] = issue.keys;
      return `has no key "${key}".${didYouMean(key, valid)} Valid: ${valid.join(", ")}`;
    },
  });
}

/** Returns the error for a value that matches none of the variants, which are distinguished by their `type`. */
function noVariant(types: readonly string[]) {
  return ({ input }: { input?: unknown }): string => {
    const type = (input as { type?: unknown } | null | undefined)?.type;
    return `must have a type, one of ${types.join(", ")}.${didYouMean(String(type), types)}`;
  };
}

/** The shape of `Augmentation` in src/augment/settings.ts, which documents each number. */
const augmentationSchema = object({
  randomResizedCrop: object({ scale: areas, ratio: positives }).nullable(),
  rotation: number("degrees from 0 to 180", (n, error) => n.min(0, error).max(180, error)),
  horizontalFlip: share,
  affine: object({ translate: share, scale: positives }).nullable(),
  perspective: object({ distortion: share, probability: share }).nullable(),
  brightness: atLeast0,
  contrast: atLeast0,
  saturation: atLeast0,
  hue: number("a number from 0 to 0.5", (n, error) => n.min(0, error).max(0.5, error)),
  grayscale: share,
  erasing: object({ probability: share, scale: areas, ratio: positives }).nullable(),
  mixup: atLeast0,
  cutmix: atLeast0.default(0),
});

/** Omitted settings of a schedule take PyTorch's defaults. */
const scheduleSchema = z.discriminatedUnion(
  "type",
  [
    object({
      type: z.literal("oneCycle"),
      pctStart: number("a number above 0 and below 1", (n, error) => n.gt(0, error).lt(1, error)).default(
        0.3,
      ),
      divFactor: atLeast1.default(25),
      finalDivFactor: atLeast1.default(1e4),
    }),
    object({
      type: z.literal("cosineRestarts"),
      firstCycle: positive,
      cycleFactor: atLeast1.default(1),
      minimumFactor: share.default(0),
    }),
    object({ type: z.literal("cosine"), warmup: atLeast0.default(0), minimumFactor: share.default(0) }),
    object({ type: z.literal("constant") }),
  ],
  { error: noVariant(["oneCycle", "cosineRestarts", "cosine", "constant"]) },
);

/** One variant for each registered loss, with its options. */
const lossSchema = z.discriminatedUnion(
  "type",
  Object.entries(losses).map(([type, { options }]) =>
    object({ type: z.literal(type as LossName), ...lossOptions(options) }),
  ) as unknown as readonly [z.ZodObject<{ type: z.ZodLiteral<LossName> }>],
  { error: noVariant(Object.keys(losses)) },
);

function lossOptions(options: Loss["options"]): z.ZodRawShape {
  return Object.fromEntries(
    Object.entries(options).map(([name, { default: usual, minimum, maximum = Number.MAX_VALUE }]) => {
      const upTo = maximum < Number.MAX_VALUE ? `from ${minimum} to ${maximum}` : `of ${minimum} or more`;
      const bounded = number(`a number ${upTo}`, (n, error) => n.min(minimum, error).max(maximum, error));
      return [name, bounded.default(usual)];
    }),
  );
}

/** Omitted settings of an optimizer take PyTorch's defaults. */
const optimizerSchema = z.discriminatedUnion(
  "type",
  [
    object({
      type: z.literal("adamw"),
      learningRate: positive,
      weightDecay: atLeast0.default(0.01),
      beta1: shareBelow1.default(adamwDefaults.beta1),
      beta2: shareBelow1.default(adamwDefaults.beta2),
      epsilon: positive.default(adamwDefaults.epsilon),
    }),
    object({
      type: z.literal("sgd"),
      learningRate: positive,
      weightDecay: atLeast0.default(0),
      momentum: shareBelow1.default(0),
      nesterov: z.boolean("must be true or false").default(false),
    }).refine(({ nesterov, momentum }) => !nesterov || momentum > 0, {
      path: ["nesterov"],
      error: "must be false where momentum is 0",
    }),
  ],
  { error: noVariant(["adamw", "sgd"]) },
);

/** Omitted settings of a phase are off, or as in PyTorch. */
export const phaseSchema = object({
  /** Name of the phase in logs, in reports and for `--set`. */
  name: z
    .string("must be a name")
    .regex(/^[a-z][\w-]*$/i, "must begin with a letter and contain only letters, digits, - and _"),
  /** What to train: the head, everything, the head and the last n unfreeze groups of the backbone, or stages by name. */
  train: z.union([z.enum(["head", "all"]), count, z.array(z.string()).min(1)], {
    error: 'must be "head", "all", a number of groups to unfreeze after the head, or a list of stages',
  }),
  /** Maximum number of epochs; `patience` may end the phase sooner. */
  epochs: count,
  /** Epochs in a row without improvement after which the phase ends. */
  patience: count.default(3),
  /** Minimum increase of the validation accuracy, a share, that counts as an improvement. */
  minimumImprovement: share.default(0),
  /** Side of the training images as a share of the recipe's input size; validation always uses the full size. */
  inputScale: number("a number from 0.25 to 1", (n, error) => n.min(0.25, error).max(1, error)).default(1),
  /** Statistics with which the trained stages of the backbone are normalised. */
  batchNorm: oneOf(["running", "batch"]).default("running"),
  /** Optimizer of all trained weights. The learning rate is the peak of the schedule. */
  optimizer: optimizerSchema,
  /** Factor of the learning rate from each unfreeze group to the next, from the head to the input; 1 treats all the same. */
  stageDecay: number("a number above 0 and up to 1", (n, error) => n.gt(0, error).max(1, error)).default(1),
  /** Learning rate over the updates of the phase; its peak is the optimizer's learning rate. */
  schedule: scheduleSchema.default({ type: "constant" }),
  /** Maximum joint norm of the gradients; 0 is off. */
  clipNorm: atLeast0.default(0),
  /** Decay of the moving average of the weights, per update; 0 is off. */
  ema: shareBelow1.default(0),
  /** Batches per update, counted over the whole phase. */
  accumulate: count.default(1),
  /** Earlier epochs of the same schedule, in the run that this phase extends. */
  earlierEpochs: count.optional(),
  /** The cuts of a time budget: the phase ends after `batches` in total, as decided after a number of updates. */
  cuts: z.array(object({ update: atLeast0.int(), batches: atLeast0.int() })).optional(),
  /** Batches of an epoch of the data for which the cuts were made; unknown in runs that did not record it. */
  cutsPerEpoch: count.optional(),
});

export const recipeSchema = object({
  /** Name of the recipe in run folders and reports. */
  name: z.string("must be a name"),
  /** Backbone; `vultus models` lists them. */
  model: z.string("must be the name of a backbone"),
  /**
   * The kind of starting weights that its numbers are chosen for; if a recipe does not state it, `startOf` derives it from its
   * phases.
   */
  startsFrom: oneOf(["trained", "random"]).optional(),
  /** Attention on the branch of every residual block; it starts as the identity. Runs of older versions have none. */
  attention: oneOf(["none", ...attentionKinds]).default("none"),
  /** Layers on top of the backbone's pooled features: several with batch norm and dropout, or a single one. */
  head: oneOf(headNames),
  /** Probability with which the head drops an activation during training. */
  dropout: shareBelow1,
  /** Probability of skipping the backbone's last block for an image in a step; lower for earlier blocks. */
  stochasticDepth: shareBelow1.default(0),
  /** Side of the square images that the network sees. */
  inputSize: number("a whole number of pixels from 16 to 1024", (n, error) =>
    n.int(error).min(16, error).max(1024, error),
  ),
  /** In validation the shorter side is resized to inputSize · this before the centre is cropped. */
  validationResize: number("a number from 1 to 2", (n, error) => n.min(1, error).max(2, error)),
  /** Images per training step. */
  batchSize: count,
  /** Seed of everything random. */
  seed: number("a whole number of 0 or more", (n, error) => n.int(error).min(0, error)),
  /** What is minimised; runs of older versions have cross-entropy. */
  loss: lossSchema.prefault({ type: "crossEntropy" }),
  /** How much to learn from teachers, if there are any. */
  distillation: object({ temperature: positive.default(1), share: share.default(0.5) }).prefault({}),
  /** Share of each label that is spread evenly over all classes. */
  labelSmoothing: shareBelow1,
  /** Target to which the temperature is fitted at the end; older versions fitted it to the plurality. */
  calibration: oneOf(calibrationTargets).default("plurality"),
  /** Weighted draws with replacement, every class equally often; shuffle takes every image once. */
  sampler: oneOf(["weighted", "shuffle"]),
  /** Factors of the loss: balanced weights every class the same. With the weighted sampler, it would do so twice. */
  classWeights: oneOf(["none", "balanced"]),
  /** Random changes of the training images. */
  augmentation: augmentationSchema,
  /** Augmented views per image that are kept if features are cached. */
  views: count,
  /** Phases, in the order in which they train. */
  phases: z
    .array(phaseSchema, "must be a list of phases")
    .min(1, "must contain at least one phase")
    .superRefine((phases, context) => {
      const names = phases.map(({ name }) => name);
      const second = names.findIndex((name, i) => names.indexOf(name) < i);
      if (second >= 0) {
        const message = "must be a name that no other phase has";
        context.addIssue({ code: "custom", path: [second, "name"], message });
      }
    }),
});

export type Phase = z.infer<typeof phaseSchema>;
export type Cut = Readonly<NonNullable<Phase["cuts"]>[number]>;
export type Recipe = z.infer<typeof recipeSchema>;
/** A recipe whose phases may omit settings that have a default. */
export type RecipeInput = z.input<typeof recipeSchema>;

/** Returns the side of the images that a phase trains on, in pixels. */
export function trainingSize({ inputSize }: Pick<Recipe, "inputSize">, { inputScale }: Phase): number {
  return Math.round(inputSize * inputScale);
}

/** Returns the phase as planned, without the cuts of a time budget. */
export function uncut(phase: Phase): Phase {
  const { cuts, cutsPerEpoch, ...planned } = phase;
  return cuts === undefined && cutsPerEpoch === undefined ? phase : planned;
}

/**
 * Returns the recipe for data with `batchesPerEpoch`: without cuts that a time budget made for data of another size, because they
 * are in batches of that data; a note names the phases.
 */
export function withCutsFor(
  batchesPerEpoch: number,
  recipe: Recipe,
): { readonly recipe: Recipe; readonly notes: readonly string[] } {
  const isForeign = ({ cuts, cutsPerEpoch = batchesPerEpoch }: Phase): boolean =>
    cuts !== undefined && cutsPerEpoch !== batchesPerEpoch;
  const foreign = recipe.phases.filter(isForeign);
  if (foreign.length === 0) return { recipe, notes: [] };
  const phases = recipe.phases.map((phase) => (isForeign(phase) ? uncut(phase) : phase));
  const lengths = foreign.map(
    ({ name, epochs }) => `phase ${name} has ${epochs === 1 ? "its 1 epoch" : `all its ${epochs} epochs`}`,
  );
  const note =
    `a time budget shortened this recipe on data of another size (${foreign[0]?.cutsPerEpoch} batches an epoch then, ` +
    `${batchesPerEpoch} now); its cuts are dropped: ${lengths.join(", ")}`;
  return { recipe: { ...recipe, phases }, notes: [note] };
}
