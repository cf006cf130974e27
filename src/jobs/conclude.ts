/** The end of a training: the bundle with its temperature, the single score on hold-out images, and the report. */

import { channelNote } from "../data/canvas.ts";
import type { Sample, Split } from "../data/dataset.ts";
import { loadPixels, type PixelCache } from "../data/pixel-cache.node.ts";
import { type Answered, bundleOutputs, finalScore, LARGEST_SIDE, labelsOf } from "../evaluate/evaluate.ts";
import { leaksOf } from "../evaluate/leaks.node.ts";
import { votesOf } from "../evaluate/people-votes.ts";
import { seenIn } from "../evaluate/seen.node.ts";
import { runProvenance } from "../export/provenance.node.ts";
import { writeBundle } from "../export/write-bundle.node.ts";
import type { CalibrationTarget } from "../metrics/temperature.ts";
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
    const answered = async (on: PixelCache): Promise<Answered> => ({
      logits: (await bundleOutputs(engine, bundle, on)).logits,
      labels: labelsOf(on),
      votes: votesOf(on.samples),
    });
    const held = await answered(pixels);
    const fitOn = split === "validation" ? held : await answered(trained.validation);
    const {
      evaluation: found,
      temperature,
      notes,
    } = finalScore(held, classes, { fitOn, fitTo: calibration });
    for (const text of notes) teller.note(text);
    const isLeaked = pixels.samples.map(({ id }) => trained.leaked.has(id));
    const isSeen = trained.before && seenIn(pixels, trained.before);
    const leaks = leaksOf(held.labels, found.predicted, isLeaked);
    const scored = { ...found, leaks, ...withoutSeen(found, isSeen) };
    const result = evaluationResult(scored, split);
    writeJson(paths.evaluation, result);
    const finished = { split, accuracy: result.accuracy };
    await log.finished?.(finished);
    writeBundle(
      paths.bundle,
      { architecture, weights },
      { ...provenance(), temperature, calibratedTo: found.calibration.fittedTo },
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
