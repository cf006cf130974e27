/** Soft labels from teachers: what trained models answer, blended with the labels (Hinton, Vinyals and Dean 2015). */

import type { Picture, Sample } from "../data/dataset.ts";
import type { PixelCache } from "../data/pixel-cache.node.ts";
import type { Bundle } from "../program/decode-bundle.ts";
import type { Engine } from "../runtime/engine.ts";
import { bundleOutputs } from "./evaluate.ts";
import { mirror } from "./test-time.node.ts";

/**
 * The mean of the teachers' calibrated probabilities for each image and its mirror image, [N, classes] row after row.
 * `onPass` hears, after each pass over the images, how many are done and how many there are.
 */
export async function teachersAnswers(
  engine: Engine,
  teachers: readonly Bundle[],
  pixels: PixelCache,
  onPass?: (done: number, total: number) => void,
): Promise<Float64Array> {
  const classes = teachers[0]?.architecture.classes.length ?? 0;
  const sums = new Float64Array(pixels.samples.length * classes);
  const views = [(picture: Picture): Picture => picture, mirror];
  const passes = teachers.flatMap((teacher) => views.map((view) => ({ teacher, view })));
  for (const [pass, { teacher, view }] of passes.entries()) {
    const get = (index: number): Picture => view(pixels.get(index));
    const { probabilities } = await bundleOutputs(engine, teacher, { ...pixels, get });
    for (const [i, p] of probabilities.entries()) sums[i] = (sums[i] as number) + p / passes.length;
    onPass?.(pass + 1, passes.length);
  }
  return sums;
}

/**
 * The samples with soft labels: `share` of the teachers' answers and the rest of the label, or of the votes where people
 * voted; to four decimals. Up to one half a label without votes stays the most probable class, whatever the teachers say: of
 * equal shares the manifest's reader would take the first by name. Votes for what is no class are left out: beside softened ones
 * they could outnumber the label.
 */
export function softened(
  samples: readonly Sample[],
  answers: Float64Array,
  classes: number,
  share: number,
): Sample[] {
  return samples.map((sample, n) => {
    const own = sample.votes ?? Array.from({ length: classes }, (_, k) => Number(k === sample.label));
    const votes = own.map((vote, k) => (1 - share) * vote + share * (answers[n * classes + k] as number));
    const rounded = votes.map((vote) => Number(vote.toFixed(4)));
    const top = rounded[sample.label] as number;
    const kept = rounded.map((vote, k) =>
      vote === top && k !== sample.label ? Number((vote - 0.0001).toFixed(4)) : vote,
    );
    const { otherVotes: _, ...rest } = sample;
    return { ...rest, votes: sample.votes ? rounded : kept };
  });
}
