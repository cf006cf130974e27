/** The end of a training: the bundle with its temperature, the one score on held-out images, and the report. */

import { channelNote } from "../data/canvas.ts";
import type { Sample, Split } from "../data/dataset.ts";
import { loadPixels, type PixelCache } from "../data/pixel-cache.node.ts";
import { bundleOutputs, evaluation, LARGEST_SIDE, labelsOf } from "../evaluate/evaluate.node.ts";
import { leaksOf } from "../evaluate/leaks.node.ts";
import { votesOf } from "../evaluate/people-votes.ts";
import { seenIn } from "../evaluate/seen.node.ts";
import { runProvenance } from "../export/provenance.node.ts";
import { writeBundle } from "../export/write-bundle.node.ts";
import { softmaxRows } from "../metrics/softmax.ts";
import { type CalibrationTarget, fitTemperature, LEAST_MISTAKES } from "../metrics/temperature.ts";
import type { Votes } from "../metrics/votes.ts";
import { writeEvaluation } from "../report/evaluation.ts";
import { writeCurves } from "../report/run.ts";
import type { Listener } from "../train/events.ts";
import { runPaths, writeJson } from "../train/run-folder.node.ts";
import type { TensorBoard } from "../train/tensorboard.node.ts";
import type { TrainResult } from "../train/train.node.ts";
import type { Provenance } from "../weights/classifier-file.ts";
import { type EvaluationResult, evaluationResult } from "./evaluation-result.ts";
import type { Teller } from "./events.ts";
import { withoutSeen } from "./labelled-pictures.ts";
import { reportTraining } from "./reporting.ts";
import type { TrainEvent } from "./train-events.ts";

export interface ConcludeOptions {
  readonly folder: string;
  readonly board: TensorBoard;
  readonly log: Listener;
  /** What the temperature is fitted to. */
  readonly calibration: CalibrationTarget;
  /** Gigabytes of decoded images. */
  readonly memory: number;
  readonly allowUnreadable: boolean;
}

export interface Conclusion {
  readonly evaluation: EvaluationResult;
  readonly report?: string;
}

/** Scores the result of a training and writes it; of an interrupted training, only the curves. */
export async function conclude(
  trained: TrainResult,
  options: ConcludeOptions,
  teller: Teller<TrainEvent>,
): Promise<Conclusion | undefined> {
  const { progress, ending, architecture, weights, engine } = trained;
  const { folder, board, log, calibration } = options;
  if (progress.history.length > 0) await writeCurves(folder, progress.history);
  if (ending === "interrupted") return undefined;
  const paths = runPaths(folder);
  // Scores the file that users will run, on images as they will pass them.
  const provenance = (): Provenance => ({ ...runProvenance(folder), trainedPrior: trained.trainedPrior });
  const bundle = writeBundle(paths.bundle, { architecture, weights }, { ...provenance(), temperature: 1 });
  const { classes } = architecture;
  const { split, pixels } = await finalPixels(trained, options);
  try {
    const note = channelNote(pixels, bundle.architecture.network);
    if (note) teller.note(note);
    const { logits } = await bundleOutputs(engine, bundle, pixels);
    const onValidation = split === "validation" ? pixels : trained.validation;
    const toFit = split === "validation" ? { logits } : await bundleOutputs(engine, bundle, onValidation);
    const fitVotes = votesOf(onValidation.samples);
    const fittedTo = calibrationTarget(calibration, fitVotes, teller);
    const temperature = fitTemperature(toFit.logits, labelsOf(onValidation), classes.length, {
      votes: fittedTo === "votes" ? fitVotes : undefined,
    });
    if (temperature === 1) teller.note(unfittedNote(onValidation.samples.length));
    // The temperature changes only the confidence, so the bundle with it need not run again.
    const probabilities = Float32Array.from(softmaxRows(logits, classes.length, temperature));
    const fittedHere = split === "validation" && temperature !== 1;
    const labels = labelsOf(pixels);
    const votes = votesOf(pixels.samples);
    const fitted = { temperature, fittedHere, fittedTo, votes };
    const found = evaluation({ logits, probabilities }, labels, classes, fitted);
    const isLeaked = pixels.samples.map(({ id }) => trained.leaked.has(id));
    const isSeen = trained.before && seenIn(pixels, trained.before);
    const leaks = leaksOf(labels, found.predicted, isLeaked);
    const scored = { ...found, leaks, ...withoutSeen(found, isSeen) };
    const result = evaluationResult(scored, split);
    writeJson(paths.evaluation, result);
    const finished = { split, accuracy: result.accuracy };
    await log.finished?.(finished);
    writeBundle(
      paths.bundle,
      { architecture, weights },
      { ...provenance(), temperature, calibratedTo: fittedTo },
    );
    await writeEvaluation(folder, scored, pixels, teller.note);
    const { dataset, unreadable } = trained;
    const report = await reportTraining(
      folder,
      { engine, dataset, unreadable, evaluation: scored, pixels, board, backbone: architecture.backbone },
      teller,
    );
    teller.tell({ type: "finished", ...finished });
    return { evaluation: result, ...(report === undefined ? {} : { report }) };
  } finally {
    pixels.close();
  }
}

/** What is asked for, or the plurality where no validation image has votes; a note reports that. */
function calibrationTarget(
  asked: CalibrationTarget,
  votes: Votes,
  teller: Teller<TrainEvent>,
): CalibrationTarget {
  if (asked === "plurality" || votes.some((counts) => counts !== undefined)) return asked;
  teller.note(
    "no validation image has people's votes, so the model is calibrated to the labels, not to votes",
  );
  return "plurality";
}

function unfittedNote(images: number): string {
  return (
    `the model's confidence was not calibrated: of ${images} validation images fewer than ${LEAST_MISTAKES} are answered wrong, ` +
    "too few to show how often it errs (its temperature stays 1)"
  );
}

/** The decoded images of the final score: the test split, scored only here, or else the validation split. */
async function finalPixels(
  { dataset, validation }: TrainResult,
  { folder, memory, allowUnreadable }: ConcludeOptions,
): Promise<{ split: Split; pixels: PixelCache }> {
  const of = (split: Split): Sample[] => dataset.samples.filter((sample) => sample.split === split);
  const split: Split = of("test").length > 0 ? "test" : "validation";
  const pixels = await loadPixels(of(split), {
    maxSide: LARGEST_SIDE,
    memoryBudget: memory * 1e9 - validation.bytesInMemory,
    spillDir: runPaths(folder).cache,
    allowUnreadable,
  });
  return { split, pixels };
}
