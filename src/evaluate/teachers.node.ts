/** Soft labels: teachers' probabilities blended with the labels (Hinton, Vinyals and Dean 2015). */

import type { Picture, Sample } from "../data/dataset.ts";
import type { PixelCache } from "../data/pixel-cache.node.ts";
import type { Bundle } from "../program/decode-bundle.ts";
import type { Engine } from "../runtime/engine.ts";
import { bundleOutputs } from "./evaluate.ts";
import { mirror } from "./test-time.node.ts";

/**
 * Returns the mean of the teachers' calibrated probabilities over each image and its mirror image, [N, classes] row
 * after row. After each pass over the images, `onPass` receives the number of finished passes and their total.
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
 * Mixes the teachers' probabilities (weight `share`) with the labels, or with the votes if there are any. Results have
 * four decimals. With `share` up to 0.5, the label of an image without votes stays the most probable class, whatever
 * the teachers answer; an exact tie is broken in its favour, because the manifest's reader would pick the first class
 * by name. Votes for names that are not classes are dropped: next to soft labels they could outnumber the label.
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
