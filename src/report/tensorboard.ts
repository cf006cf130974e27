/** The result of a run for TensorBoard. */

import { join } from "node:path";
import type { Evaluation } from "../evaluate/evaluate.ts";
import type { Shown } from "../formats/tensorboard.ts";
import { metricEntries } from "../metrics/registry.ts";
import { readBytes } from "../util/files.node.ts";
import { sharp } from "../util/sharp.node.ts";
import { confusionMarkdown } from "./confusion.ts";

/** Returns accuracy and metrics, the confusion matrix as image and table, and sample predictions. */
export async function shownResult(folder: string, evaluation: Evaluation): Promise<Shown[]> {
  const { classes, matrix, scores } = evaluation;
  const scalar = (name: string, value: number): Shown => ({ kind: "scalar", tag: `result/${name}`, value });
  const picture = async (tag: string, name: string): Promise<Shown> => {
    const png = readBytes(join(folder, name));
    const { width, height } = await sharp(png).metadata();
    return { kind: "image", tag, png, width, height };
  };
  return [
    scalar("accuracy", scores.accuracy),
    ...metricEntries.map(([name, { label }]) => scalar(tagOf(label), evaluation[name])),
    await picture("confusion", "confusion.png"),
    await picture("samples", "samples.png"),
    { kind: "text", tag: "confusion", markdown: confusionMarkdown(matrix, classes) },
  ];
}

/** Turns `Brier score` into `brier_score`. */
function tagOf(label: string): string {
  return label.toLowerCase().replaceAll("'", "").replaceAll(/\W+/g, "_");
}
