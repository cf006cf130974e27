/** The report at the end of a training, and what `vultus report` finds to make one of later. */

import { tmpdir } from "node:os";
import { channelNote } from "../data/canvas.ts";
import type { Dataset, Picture } from "../data/dataset.ts";
import { loadPixels, type PixelCache } from "../data/pixel-cache.node.ts";
import { readDataset } from "../data/read.node.ts";
import { type Evaluation, evaluateBundle, LARGEST_SIDE } from "../evaluate/evaluate.node.ts";
import { loadBundle } from "../program/read-bundle.node.ts";
import { writeEvaluation } from "../report/evaluation.ts";
import { dataRecord, predictionsOf, writeData, writePredictions } from "../report/run-data.ts";
import { evaluationSchema, type RunRecord, readRun } from "../report/run-record.ts";
import { writeReport } from "../report/write-report.ts";
import { startEngine } from "../runtime/engine.node.ts";
import { messageOf } from "../util/errors.ts";
import { temperatureOf } from "../weights/classifier-file.ts";
import type { DeviceChoice } from "./device.ts";
import { evaluationJson } from "./evaluation.ts";
import { type LabelledOptions, readLabelled } from "./labelled-pictures.ts";
import { liveLine, say } from "./output.ts";

/** What a training has in hand when it ends. */
export interface Ended {
  readonly dataset: Dataset;
  readonly unreadable: PixelCache["unreadable"];
  readonly evaluation: Evaluation;
  /** The pictures that were scored. */
  readonly pixels: PixelCache;
}

/** Writes data.json, predictions.jsonl and the report. A report that fails is said, and fails no training. */
export async function reportTraining(folder: string, ended: Ended): Promise<void> {
  const { dataset, unreadable, evaluation, pixels } = ended;
  try {
    writeData(folder, dataRecord(dataset, unreadable));
    writePredictions(folder, evaluation, pixels);
    const [report] = await writeReport(folder, readRun(folder), { pictureOf: (index) => pixels.get(index) });
    say(`report: ${report}`);
  } catch (error) {
    say(
      `the report was not written: ${messageOf(error)}. The run is whole; vultus report ${folder} tries again`,
    );
  }
}

/** A run with the pictures that it was scored on, as far as they were found. */
export interface Illustrated {
  readonly run: RunRecord;
  readonly pictureOf?: (index: number) => Picture | undefined;
  readonly notes: readonly string[];
  close(): void;
}

/** Finds the pictures of a run's predictions by their ids in `data`. */
export async function withFoundPictures(
  run: RunRecord,
  data: readonly string[],
  options: Pick<LabelledOptions, "memory">,
): Promise<Illustrated> {
  const none = (reason: string): Illustrated => ({
    run,
    notes: [`Made without pictures: ${reason}.`],
    close() {},
  });
  if (data.length === 0) return none("the run does not say where they are; name their folder after the run");
  const classes = run.evaluation?.classes ?? [];
  let dataset: Dataset;
  try {
    dataset = await readDataset(data, { classes, allowMissing: true });
  } catch (error) {
    return none(messageOf(error));
  }
  const byId = new Map(dataset.samples.map((sample) => [sample.id, sample]));
  const found = run.predictions.flatMap(({ id }) => byId.get(id) ?? []);
  if (found.length === 0)
    return none(`none of the ${run.predictions.length} that were scored is in ${data.join(", ")}`);
  const pixels = await loadPixels(found, {
    maxSide: LARGEST_SIDE,
    memoryBudget: options.memory * 1e9,
    spillDir: tmpdir(),
    allowUnreadable: true,
    onProgress: (done, total) => liveLine(`reading ${done} of ${total}`),
  });
  const position = new Map(pixels.samples.map(({ id }, index) => [id, index]));
  const missing = run.predictions.length - pixels.samples.length;
  return {
    run,
    pictureOf: (index) => {
      const at = position.get(run.predictions[index]?.id ?? "");
      return at === undefined ? undefined : pixels.get(at);
    },
    notes:
      missing > 0 ? [`${missing} of the pictures that were scored were not found or could not be read.`] : [],
    close: () => pixels.close(),
  };
}

/** Scores the model of a run that kept no predictions, on the split of `data` that `vultus evaluate` would take. */
export async function scoredAnew(
  folder: string,
  run: RunRecord,
  data: readonly string[],
  options: LabelledOptions,
  device: DeviceChoice,
): Promise<Illustrated> {
  const bundle = loadBundle(folder);
  const { architecture, metadata, path } = bundle;
  const { dataset, split, pixels } = await readLabelled(data, architecture.classes, options);
  const note = channelNote(pixels, architecture);
  if (note) say(note);
  const engine = startEngine(device);
  try {
    const sameData = dataset.fingerprint === run.environment?.fingerprint;
    const evaluation = await evaluateBundle(engine, bundle, pixels, {
      fittedHere: split === "validation" && sameData && temperatureOf(metadata, path) !== 1,
      onBatch: (done) => liveLine(`scoring ${done} of ${pixels.samples.length}`),
    });
    await writeEvaluation(folder, evaluation, pixels);
    const json: unknown = JSON.parse(JSON.stringify(evaluationJson(evaluation, split)));
    const known = run.data ?? (sameData ? dataRecord(dataset, pixels.unreadable) : undefined);
    return {
      run: {
        ...run,
        evaluation: evaluationSchema.parse(json),
        predictions: predictionsOf(evaluation, pixels),
        data: known,
      },
      pictureOf: (index) => pixels.get(index),
      notes: [`The run kept no predictions; it was scored anew on ${data.join(", ")} for this report.`],
      close: () => pixels.close(),
    };
  } catch (error) {
    pixels.close();
    throw error;
  } finally {
    await engine.close();
  }
}
