/** Compares two models, or a model with a baseline, on the same images, and tests whether the difference is significant. */

import { channelNote } from "../data/canvas.ts";
import { checkComparable, compareBundles, compareWithAnswers } from "../evaluate/compare.node.ts";
import type { PriorChoice } from "../metrics/prior.ts";
import type { BackboneOptions } from "../models/registry.ts";
import { priorNote, shiftedPriorOf, withPrior } from "../program/bundle-prior.ts";
import type { Bundle } from "../program/decode-bundle.ts";
import { writeComparison } from "../report/comparison.ts";
import { startEngine } from "../runtime/engine.node.ts";
import { type Baseline, isBaseline, majorityAnswers, trainedBaseline } from "./baselines.ts";
import { type ComparisonResult, comparisonResult } from "./comparison-result.ts";
import { bundleOf, type DataSource, type ModelSource, pathOf } from "./data.ts";
import { chooseDevice, type DeviceOptions } from "./device.ts";
import { type OnEvent, type Teller, telling } from "./events.ts";
import { type LabelledOptions, readLabelled } from "./labelled-pictures.ts";
import type { TrainEvent } from "./train-events.ts";

export interface CompareOptions extends LabelledOptions, DeviceOptions, BackboneOptions {
  readonly a: ModelSource;
  /** Another model of the same classes, or a baseline: `base`, `linear-probe`, `majority`. */
  readonly b: ModelSource;
  readonly data: DataSource;
  /** Where `base` and `linear-probe` start: imagenet, vultus, none, or a file. Default: what the recipe of A needs. */
  readonly weights?: string | undefined;
  /** The class prior that the probabilities of both are shifted to, as for `evaluate`. Default: those of their files. */
  readonly prior?: PriorChoice | undefined;
  /** Folder for contact sheets of the images that only one of the two gets right. */
  readonly out?: string | undefined;
  /** Also receives the events of the baseline's training, if it is trained. */
  readonly onEvent?: OnEvent<TrainEvent> | undefined;
}

type MoreOptions = Omit<CompareOptions, "a" | "b" | "data">;

/**
 * Runs both models on the validation images of the data or, if it has none, on all of them.
 *
 * @throws UsageError for models of different classes, or for a baseline that cannot be trained.
 */
export function compare(options: CompareOptions): Promise<ComparisonResult>;
export function compare(
  a: ModelSource,
  b: ModelSource,
  data: DataSource,
  options?: MoreOptions,
): Promise<ComparisonResult>;
export function compare(
  first: CompareOptions | ModelSource,
  b?: ModelSource,
  data?: DataSource,
  more?: MoreOptions,
): Promise<ComparisonResult> {
  const options =
    b === undefined || data === undefined
      ? (first as CompareOptions)
      : { ...more, a: first as ModelSource, b, data };
  return telling(options.onEvent, (teller: Teller<TrainEvent>) => compared(options, teller));
}

async function compared(options: CompareOptions, teller: Teller<TrainEvent>): Promise<ComparisonResult> {
  const { a: sourceA, b, data, out } = options;
  const a = withPrior(bundleOf(sourceA, options), options.prior);
  const baseline = typeof b === "string" && isBaseline(b) ? b : undefined;
  const other = baseline === undefined ? withPrior(bundleOf(b, options), options.prior) : undefined;
  const models: [Bundle, ...Bundle[]] = other ? [a, other] : [a];
  for (const model of models) checkComparable(a, model);
  const device = chooseDevice(options, teller.note);
  const labelled = await readLabelled(data, models, options, teller);
  const { dataset, split, pixels } = labelled;
  const notes = models.flatMap(({ architecture }) => channelNote(pixels, architecture.network) ?? []);
  for (const note of new Set(notes)) teller.note(note);
  for (const model of models) {
    const prior = shiftedPriorOf(model);
    if (prior) teller.note(priorNote(model, prior));
  }
  const engine = startEngine(device);
  const onBatch = (done: number): void => teller.progress("scoring", done, 2 * pixels.samples.length);
  try {
    const comparison =
      baseline === "majority"
        ? await compareWithAnswers(engine, a, pixels, majorityAnswers(labelled), onBatch)
        : await compareBundles(
            engine,
            a,
            other ??
              withPrior(
                await trainedBaseline(
                  baseline as Exclude<Baseline, "majority">,
                  pathOf(sourceA),
                  dataset,
                  options,
                  device,
                  teller,
                ),
                options.prior,
              ),
            pixels,
            onBatch,
          );
    if (out !== undefined) teller.wrote(...(await writeComparison(out, comparison, pixels)));
    return { ...comparisonResult(comparison, split), ...(baseline && { baseline }) };
  } finally {
    pixels.close();
    await engine.close();
  }
}
