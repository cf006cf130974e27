/** Writes the report at the end of a training, or again for `vultus report`. */

import { tmpdir } from "node:os";
import { canonicalId } from "../data/canonical.ts";
import { channelNote } from "../data/canvas.ts";
import { checkNaming } from "../data/class-names.ts";
import type { Dataset } from "../data/dataset.ts";
import { hasFingerprint } from "../data/former.ts";
import { loadPixels, type PixelCache } from "../data/pixel-cache.node.ts";
import { stratifiedSample } from "../data/stratified.ts";
import { type Evaluation, evaluateBundle, LARGEST_SIDE, labelsOf } from "../evaluate/evaluate.ts";
import { explainPictures } from "../evaluate/explain.ts";
import type { Backbone } from "../models/backbone.ts";
import type { BackboneOptions } from "../models/registry.ts";
import { loadBundle } from "../program/read-bundle.node.ts";
import { writeEvaluation } from "../report/evaluation.ts";
import type { Section } from "../report/html.ts";
import { dataRecord, predictionsOf, writeData, writePredictions } from "../report/run-data.ts";
import { evaluationSchema, type RunRecord, readRun } from "../report/run-record.ts";
import { heatMaps } from "../report/sections/heat-maps.ts";
import { shownResult } from "../report/tensorboard.ts";
import { writeReport } from "../report/write-report.ts";
import type { Engine } from "../runtime/engine.ts";
import type { TensorBoard } from "../train/tensorboard.node.ts";
import { messageOf } from "../util/errors.ts";
import { callTo } from "../util/spelling.ts";
import { loadClassifier } from "../weights/load.node.ts";
import { type DataSource, openKnownDataset } from "./data.ts";
import { defaults } from "./defaults.ts";
import { evaluationResult } from "./evaluation-result.ts";
import type { Teller } from "./events.ts";
import { isFittedOn, type LabelledOptions, leaksIn, readLabelled, withoutSeen } from "./labelled-pictures.ts";

/** Number of images explained: per class on average, and in total. */
const EXPLAINED_PER_CLASS = 12;
const MOST_EXPLAINED = 96;

/** Returns how many images a report explains for this number of classes. */
export function explainedOf(classes: number): number {
  return Math.min(MOST_EXPLAINED, EXPLAINED_PER_CLASS * classes);
}

/** The state of a training at its end. */
export interface Ended {
  readonly engine: Engine;
  readonly dataset: Dataset;
  readonly unreadable: PixelCache["unreadable"];
  readonly evaluation: Evaluation;
  /** The images that were scored. */
  readonly pixels: PixelCache;
  readonly board: TensorBoard;
  /** The backbone that was trained. */
  readonly backbone: Backbone;
}

/**
 * Writes data.json, predictions.jsonl, the report and the end of the TensorBoard file; returns the report's path. If any of
 * these fails, a note reports it and the training still succeeds.
 */
export async function reportTraining(
  folder: string,
  ended: Ended,
  teller: Teller,
): Promise<string | undefined> {
  let report: string | undefined;
  const { engine, dataset, unreadable, evaluation, pixels, board, backbone } = ended;
  try {
    writeData(folder, dataRecord(dataset, unreadable));
    writePredictions(folder, evaluation, pixels);
    const illustrated = { run: readRun(folder), pixels, notes: [], backbones: [backbone] };
    [report] = await illustratedReport(engine, folder, illustrated, teller);
  } catch (error) {
    teller.note(
      `the report was not written: ${messageOf(error)}. The run itself is complete; to try again, use ${callTo("report", { run: folder })}`,
    );
  }
  try {
    board.show(await shownResult(folder, evaluation));
  } catch (error) {
    teller.note(`TensorBoard will not show the result: ${messageOf(error)}`);
  }
  return report;
}

/** A run with those of its scored images that were found. */
export interface Illustrated extends BackboneOptions {
  readonly run: RunRecord;
  /** The caller closes them. */
  readonly pixels: PixelCache | undefined;
  /** Notes in the report on how it was made. */
  readonly notes: readonly string[];
}

/** Writes the report, with heat maps if there are images; returns the paths of its files. */
export async function illustratedReport(
  engine: Engine,
  folder: string,
  { run, pixels, notes, ...known }: Illustrated,
  teller: Teller,
  out?: string,
): Promise<string[]> {
  const where = out === undefined ? {} : { out };
  if (!pixels) return writeReport(folder, run, { ...where, notes });
  const more: Section[] = [];
  const without: string[] = [];
  try {
    const section = await explained(engine, run, pixels, known, teller);
    if (section) more.push(section);
  } catch (error) {
    without.push(`There are no heat maps: ${messageOf(error)}.`);
  }
  for (const reason of without) teller.note(reason);
  return writeReport(folder, run, { ...where, pixels, notes: [...notes, ...without], more });
}

async function explained(
  engine: Engine,
  run: RunRecord,
  pixels: PixelCache,
  known: BackboneOptions,
  teller: Teller,
) {
  const classifier = loadClassifier(run.folder, known);
  const { classes } = classifier.architecture;
  const chosen = stratifiedSample(labelsOf(pixels), explainedOf(classes.length), "report");
  const explanations = await explainPictures(engine, classifier, pixels, chosen, {
    method: "grad-cam",
    onBatch: (done) => teller.progress("explaining", done, chosen.length),
  });
  const faces = explanations.flatMap((explanation, i) => {
    const sample = pixels.samples[chosen[i] as number];
    return sample ? [{ id: sample.id, truth: sample.label, explanation }] : [];
  });
  return heatMaps(faces, classes, run);
}

/** Finds the images of a run's predictions in `data`, by their ids. */
export async function withFoundPictures(
  run: RunRecord,
  data: readonly string[],
  { memory = defaults.memory, rename, notAClass }: Pick<LabelledOptions, "memory" | "rename" | "notAClass">,
  teller: Teller,
): Promise<Illustrated> {
  const none = (reason: string): Illustrated => ({
    run,
    pixels: undefined,
    notes: [`Made without images: ${reason}.`],
  });
  checkNaming({ rename, notAClass });
  if (data.length === 0)
    return none("the run doesn't record where they are. Give their folder after the run");
  let dataset: Dataset;
  try {
    const { fingerprint, cut, ...remembered } = run.environment ?? {};
    const classes = run.evaluation?.classes ?? [];
    const options = { classes, allowMissing: true, rename, notAClass, remembered };
    dataset = await openKnownDataset(data, options, (read) =>
      [fingerprint, cut?.from].some((known) => hasFingerprint(read, known)),
    );
  } catch (error) {
    return none(messageOf(error));
  }
  const scored = new Set(run.predictions.map(({ id }) => id));
  const found = dataset.samples.flatMap((sample) => {
    if (scored.has(sample.id)) return [sample];
    // Runs of earlier versions may have ids with the operating system's path separators.
    const former = dataset.formerIds?.get(sample.id) ?? sample.id;
    return scored.has(former) && canonicalId(former) === sample.id ? [{ ...sample, id: former }] : [];
  });
  if (found.length === 0) return none(`none of the ${scored.size} scored images is in ${data.join(", ")}`);
  const pixels = await loadPixels(found, {
    maxSide: LARGEST_SIDE,
    memoryBudget: memory * 1e9,
    spillDir: tmpdir(),
    allowUnreadable: true,
    onProgress: (done, total) => teller.progress("reading", done, total),
  });
  const missing = scored.size - pixels.samples.length;
  const notes = missing > 0 ? [`${missing} of the scored images were not found or could not be read.`] : [];
  return { run, pixels, notes };
}

/** Scores the model of a run without recorded predictions, on the split of `data` that `vultus evaluate` would choose. */
export async function scoredAnew(
  engine: Engine,
  folder: string,
  run: RunRecord,
  data: DataSource,
  options: LabelledOptions,
  teller: Teller,
): Promise<Illustrated> {
  const bundle = loadBundle(folder);
  const { architecture } = bundle;
  const labelled = await readLabelled(data, [bundle], options, teller);
  const { dataset, split, pixels, isSeen } = labelled;
  try {
    const note = channelNote(pixels, architecture.network);
    if (note) teller.note(note);
    const sameData = hasFingerprint(dataset, run.environment?.fingerprint);
    const scored = await evaluateBundle(engine, bundle, pixels, {
      fittedHere: isFittedOn(bundle, labelled),
      onBatch: (done) => teller.progress("scoring", done, pixels.samples.length),
    });
    // In other data, the training images of the run are unknown.
    const leaks = sameData ? await leaksIn(dataset, split, pixels, scored, teller) : {};
    const evaluation = { ...scored, ...leaks, ...withoutSeen(scored, isSeen) };
    await writeEvaluation(folder, evaluation, pixels, teller.note);
    // As it would be read from evaluation.json.
    const json: unknown = JSON.parse(JSON.stringify(evaluationResult(evaluation, split)));
    return {
      run: {
        ...run,
        evaluation: evaluationSchema.parse(json),
        predictions: predictionsOf(evaluation, pixels),
        data: run.data ?? (sameData ? dataRecord(dataset, pixels.unreadable) : undefined),
      },
      pixels,
      notes: [
        `The run has no recorded predictions, so it was scored again on ${dataset.sources.join(", ")} for this report.`,
      ],
    };
  } catch (error) {
    pixels.close();
    throw error;
  }
}
