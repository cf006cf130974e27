/** Scores a model on labelled images: report, confusion, intervals, calibration, and more on request. */

import { channelNote } from "../data/canvas.ts";
import type { PixelCache } from "../data/pixel-cache.node.ts";
import { stratifiedSample } from "../data/stratified.ts";
import { evaluateBundle, labelsOf } from "../evaluate/evaluate.ts";
import { measureRobustness, type Robustness } from "../evaluate/robustness.node.ts";
import { measureTestTime, type TestTime } from "../evaluate/test-time.node.ts";
import { namedPrior, type PriorChoice } from "../metrics/prior.ts";
import { MINIMUM_GROUP } from "../metrics/subgroups.ts";
import type { BackboneOptions } from "../models/registry.ts";
import { priorNote, shiftedPriorOf, withPrior } from "../program/bundle-prior.ts";
import type { Bundle } from "../program/decode-bundle.ts";
import { writeEvaluation } from "../report/evaluation.ts";
import { writeRobustness } from "../report/robustness.ts";
import { type Prediction, predictionsOf } from "../report/run-data.ts";
import { startEngine } from "../runtime/engine.node.ts";
import type { Engine } from "../runtime/engine.ts";
import { bundleOf, type DataSource, type ModelSource } from "./data.ts";
import { chooseDevice, type DeviceOptions } from "./device.ts";
import { type EvaluationResult, evaluationResult } from "./evaluation-result.ts";
import { type OnEvent, type Teller, telling } from "./events.ts";
import { isFittedOn, type LabelledOptions, leaksIn, readLabelled, withoutSeen } from "./labelled-pictures.ts";
import { type ColumnScores, checkColumn, scoresBy } from "./subgroups.ts";

/** How many images are corrupted by default. */
export const SPOILT_IMAGES = 1000;

export interface EvaluateOptions extends LabelledOptions, DeviceOptions, BackboneOptions {
  /** Run folder, file written by a run or an export, name of a shipped model, or a loaded model. Default: the shipped model. */
  readonly model?: ModelSource | undefined;
  readonly data: DataSource;
  /** Folder into which the confusion matrix and sample predictions are written as images. */
  readonly out?: string | undefined;
  /** Whether to also read the training images, to find scored images among them. Default: true. */
  readonly leaks?: boolean | undefined;
  /** Column of a manifest; each of its groups is scored separately. */
  readonly subgroup?: string | undefined;
  /** Minimum number of images for a group to be scored. Default: 30. */
  readonly subgroupMinimum?: number | undefined;
  /** Also score corrupted images: light, orientation, occlusion, image quality. */
  readonly robustness?: boolean | undefined;
  /** Number of images to corrupt, sampled from every class. Default: 1000. */
  readonly pictures?: number | undefined;
  /** Also score test-time augmentation: flipped and shifted views, their gain and cost. */
  readonly tta?: boolean | undefined;
  /**
   * The class prior that probabilities are shifted to: `trained`, `uniform`, `uniform:0.5` (half way), or shares of classes.
   * Default: the prior in the model's file.
   */
  readonly prior?: PriorChoice | undefined;
  /** Also return the prediction for each image. */
  readonly predictions?: boolean | undefined;
  readonly onEvent?: OnEvent | undefined;
}

/** What `evaluate --json` prints. */
export interface ModelEvaluation extends EvaluationResult {
  /** The class prior that probabilities were shifted to; left out if it is the trained one. */
  readonly prior?: Readonly<Record<string, number>>;
  readonly subgroups?: ColumnScores;
  readonly tta?: TestTime;
  readonly robustness?: Robustness;
  /** In the order of the data. */
  readonly predictions?: readonly Prediction[];
}

/**
 * Scores a model on the validation images of the data or, if it has none, on all of them. A note reports whether the model was
 * trained on any of them.
 *
 * @throws UsageError for a missing model, data set or column; FormatError for an invalid file.
 */
export function evaluate(options: EvaluateOptions): Promise<ModelEvaluation>;
export function evaluate(
  model: ModelSource,
  data: DataSource,
  options?: Omit<EvaluateOptions, "model" | "data">,
): Promise<ModelEvaluation>;
export function evaluate(
  first: EvaluateOptions | ModelSource,
  data?: DataSource,
  more?: Omit<EvaluateOptions, "model" | "data">,
): Promise<ModelEvaluation> {
  const options =
    data === undefined ? (first as EvaluateOptions) : { ...more, model: first as ModelSource, data };
  return telling(options.onEvent, (teller) => scored(options, teller));
}

async function scored(options: EvaluateOptions, teller: Teller): Promise<ModelEvaluation> {
  const { data, out, leaks = true, subgroup, subgroupMinimum = MINIMUM_GROUP } = options;
  const bundle = withPrior(bundleOf(options.model, options), options.prior);
  const prior = shiftedPriorOf(bundle);
  const { device, threads } = chooseDevice(options, teller.note);
  const labelled = await readLabelled(data, [bundle], options, teller);
  const { dataset, split, pixels, isSeen } = labelled;
  const engine = startEngine({ device, threads });
  try {
    if (subgroup !== undefined) checkColumn(subgroup, pixels.samples);
    const note = channelNote(pixels, bundle.architecture.network);
    if (note) teller.note(note);
    if (prior) teller.note(priorNote(bundle, prior));
    const plain = await evaluateBundle(engine, bundle, pixels, {
      fittedHere: isFittedOn(bundle, labelled),
      onBatch: (done) => teller.progress("scoring", done, pixels.samples.length),
    });
    const found = leaks ? await leaksIn(dataset, split, pixels, plain, teller) : {};
    const evaluated = { ...plain, ...found, ...withoutSeen(plain, isSeen) };
    if (out !== undefined) teller.wrote(...(await writeEvaluation(out, evaluated, pixels, teller.note)));
    const tta = options.tta
      ? await measureTestTime(engine, bundle, pixels, (done, total) =>
          teller.progress("test-time augmentation", done + 1, total),
        )
      : undefined;
    const robustness = options.robustness
      ? await corrupted(engine, bundle, pixels, options, teller)
      : undefined;
    if (out !== undefined && robustness) teller.wrote(...(await writeRobustness(out, robustness)));
    return {
      ...evaluationResult(evaluated, split),
      ...(prior && { prior: namedPrior(bundle.architecture.classes, prior) }),
      ...(subgroup !== undefined && { subgroups: scoresBy(subgroup, subgroupMinimum, pixels, evaluated) }),
      ...(tta && { tta }),
      ...(robustness && { robustness }),
      ...(options.predictions && { predictions: predictionsOf(evaluated, pixels) }),
    };
  } finally {
    pixels.close();
    await engine.close();
  }
}

/** Scores corrupted images, on a stratified sample. */
function corrupted(
  engine: Engine,
  bundle: Bundle,
  pixels: PixelCache,
  { pictures = SPOILT_IMAGES }: EvaluateOptions,
  teller: Teller,
): Promise<Robustness> {
  const chosen = stratifiedSample(labelsOf(pixels), pictures, "robustness");
  return measureRobustness(engine, bundle, pixels, chosen, (done, total) => {
    if (done === 1)
      teller.note(
        `robustness: ${total} passes over ${chosen.length} of ${pixels.samples.length} images, sampled in proportion to their classes`,
      );
    teller.progress("robustness", done, total);
  });
}
