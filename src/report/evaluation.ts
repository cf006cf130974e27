/** Writes the images of an evaluation: the confusion matrix and a grid of predictions, right and wrong. */

import { join } from "node:path";
import type { PixelCache } from "../data/pixel-cache.node.ts";
import type { Evaluation } from "../evaluate/evaluate.ts";
import { messageOf } from "../util/errors.ts";
import { writeFileAtomic } from "../util/files.node.ts";
import { makeOwnFolder } from "../util/own-folder.node.ts";
import { random, shuffled } from "../util/random.ts";
import { confusionSvg } from "./confusion.ts";
import { svgToPng } from "./raster.ts";
import { type SamplePrediction, samplePrediction, samplesPng } from "./samples.ts";

/** Number of right and of wrong predictions in the grid. */
const SHOWN = 16;

/** Writes confusion.svg, confusion.png and samples.png; returns their paths. Reports one that cannot be drawn to `note`. */
export async function writeEvaluation(
  folder: string,
  evaluation: Evaluation,
  pixels: PixelCache,
  note: (text: string) => void,
): Promise<string[]> {
  makeOwnFolder(folder);
  const svg = confusionSvg(evaluation.matrix, evaluation.classes);
  const drawn: [string, () => string | Promise<Uint8Array>][] = [
    ["confusion.svg", () => svg],
    ["confusion.png", () => svgToPng(svg)],
    ["samples.png", () => samplesPng(chosenSamples(evaluation, pixels))],
  ];
  const written: string[] = [];
  for (const [name, draw] of drawn) {
    const path = join(folder, name);
    let data: string | Uint8Array;
    try {
      data = await draw();
    } catch (error) {
      note(`${path} could not be drawn: ${messageOf(error)}`);
      continue;
    }
    writeFileAtomic(path, data);
    written.push(path);
  }
  return written;
}

/** Draws some right and some wrong predictions, the same ones every time. */
function chosenSamples(evaluation: Evaluation, pixels: PixelCache): SamplePrediction[] {
  const { labels, predicted } = evaluation;
  const order = shuffled(
    labels.map((_, i) => i),
    random("samples"),
  );
  const right = order.filter((i) => labels[i] === predicted[i]).slice(0, SHOWN);
  const wrong = order.filter((i) => labels[i] !== predicted[i]).slice(0, SHOWN);
  return [...right, ...wrong].map((i) => samplePrediction(evaluation, evaluation, pixels, i));
}
