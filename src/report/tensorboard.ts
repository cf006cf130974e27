/** The result of a run as TensorBoard shows it. */

import { join } from "node:path";
import type { Evaluation } from "../evaluate/evaluate.node.ts";
import type { Shown } from "../formats/tensorboard.ts";
import { readBytes } from "../util/files.node.ts";
import { sharp } from "../util/sharp.node.ts";
import { confusionMarkdown } from "./confusion.ts";

/** Scores, the confusion matrix as picture and table, sample predictions. */
export async function shownResult(
  folder: string,
  { classes, matrix, scores, ece, nll }: Evaluation,
): Promise<Shown[]> {
  const picture = async (tag: string, name: string): Promise<Shown> => {
    const png = readBytes(join(folder, name));
    const { width, height } = await sharp(png).metadata();
    return { kind: "image", tag, png, width, height };
  };
  const numbers = {
    accuracy: scores.accuracy,
    balanced_accuracy: scores.balancedAccuracy,
    macro_f1: scores.macro.f1,
  };
  return [
    ...Object.entries({ ...numbers, calibration_error: ece, log_loss: nll }).map(
      ([name, value]): Shown => ({ kind: "scalar", tag: `result/${name}`, value }),
    ),
    await picture("confusion", "confusion.png"),
    await picture("samples", "samples.png"),
    { kind: "text", tag: "confusion", markdown: confusionMarkdown(matrix, classes) },
  ];
}
