/** What a run records about its images: the number per class, and the prediction for each scored image. */

import { join } from "node:path";
import { z } from "zod";
import { classCounts, type Dataset, splits } from "../data/dataset.ts";
import type { PixelCache } from "../data/pixel-cache.node.ts";
import { type Unreadable, unreadableCodes } from "../data/unreadable.ts";
import type { Evaluation } from "../evaluate/evaluate.ts";
import { encodeJsonLines } from "../formats/json-lines.ts";
import { writeJson } from "../train/run-folder.node.ts";
import { writeFileAtomic } from "../util/files.node.ts";

export const dataSchema = z.object({
  sources: z.array(z.string()),
  fingerprint: z.string(),
  classes: z.array(z.string()),
  /** Per split that has images, one number per class. */
  counts: z.record(z.string(), z.array(z.number())),
  leftOut: z.array(z.object({ className: z.string(), count: z.number() })),
  notes: z.array(z.string()),
  /** Runs of earlier versions have no codes. */
  unreadable: z.array(
    z.object({ id: z.string(), code: z.enum(unreadableCodes).optional(), reason: z.string() }),
  ),
});

/** One line of predictions.jsonl: the prediction for one image. */
export const predictionSchema = z.object({
  /** The id of the sample. */
  id: z.string(),
  label: z.string(),
  predicted: z.string(),
  /** In the order of the classes of evaluation.json. */
  probabilities: z.array(z.number()),
});

export type DataRecord = z.infer<typeof dataSchema>;
export type Prediction = z.infer<typeof predictionSchema>;

/** Writes data.json. */
export function writeData(folder: string, data: DataRecord): void {
  writeJson(join(folder, "data.json"), data);
}

export function dataRecord(dataset: Dataset, unreadable: readonly Unreadable[]): DataRecord {
  const { sources, fingerprint, classes, leftOut, notes, samples } = dataset;
  const counts = splits.flatMap((split) => {
    const own = samples.filter((sample) => sample.split === split);
    return own.length > 0 ? [[split, classCounts(own, classes.length)] as const] : [];
  });
  return {
    sources: [...sources],
    fingerprint,
    classes: [...classes],
    counts: Object.fromEntries(counts),
    leftOut: [...leftOut],
    notes: [...notes],
    unreadable: unreadable.map(({ id, code, reason }) => ({ id, code, reason })),
  };
}

/** Writes predictions.jsonl. */
export function writePredictions(folder: string, evaluation: Evaluation, pixels: PixelCache): void {
  writeFileAtomic(join(folder, "predictions.jsonl"), encodeJsonLines(predictionsOf(evaluation, pixels)));
}

export function predictionsOf(
  { classes, labels, predicted, probabilities }: Evaluation,
  { samples }: Pick<PixelCache, "samples">,
): Prediction[] {
  return samples.map(({ id }, i) => ({
    id,
    label: classes[labels[i] as number] as string,
    predicted: classes[predicted[i] as number] as string,
    probabilities: Array.from(probabilities.subarray(i * classes.length, (i + 1) * classes.length), (p) =>
      Number(p.toPrecision(5)),
    ),
  }));
}
