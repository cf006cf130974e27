/** Fits the weights of an ensemble's members on labelled images, and scores the ensemble and each member there. */

import { labelsOf } from "../evaluate/evaluate.ts";
import { votesOf } from "../evaluate/people-votes.ts";
import { memberAnswers, mixed } from "../export/ensemble.node.ts";
import { type AnswerScores, answerScores } from "../metrics/answer-scores.ts";
import { crossFittedMixture, mixtureWeights } from "../metrics/mixture-weights.ts";
import type { EnsembleScores } from "../report/ensemble-card.ts";
import type { Engine } from "../runtime/engine.ts";
import { targetsOf } from "../train/source.ts";
import { UsageError } from "../util/errors.ts";
import type { Ensemble } from "../weights/ensemble-file.ts";
import type { Member, MembersFile } from "../weights/members.ts";
import type { DataSource } from "./data.ts";
import type { Teller } from "./events.ts";
import { type LabelledOptions, readLabelled } from "./labelled-pictures.ts";

export interface Measured {
  /** The weights of the members, in order; they sum to 1. */
  readonly weights: readonly number[];
  /** What the weights were fitted on; undefined if they were given. */
  readonly fitted: Ensemble["fitted"];
  readonly scores: EnsembleScores;
}

/** Uses the given weights, or fits them with `fit`. Notes report images that a member may have been trained on. */
export async function measure(
  engine: Engine,
  files: readonly [MembersFile, ...MembersFile[]],
  members: readonly Member[],
  { data, fit, ...options }: LabelledOptions & { readonly data: DataSource; readonly fit: boolean },
  teller: Teller,
): Promise<Measured> {
  const { classes } = files[0].architecture;
  const { dataset, split, pixels } = await readLabelled(data, files, options, teller);
  try {
    const count = pixels.samples.length;
    if (count === 0) throw new UsageError("no images to score; check the folder and --split");
    const answers = await memberAnswers(engine, members, classes, { ...pixels, count }, (done) =>
      teller.progress("asking the members", done, members.length),
    );
    const targets = targetsOf(pixels.samples, classes.length).data;
    const truth = { classes, labels: labelsOf(pixels), votes: votesOf(pixels.samples) };
    const scoresOf = (probabilities: ArrayLike<number>): AnswerScores => answerScores(probabilities, truth);
    const own = members.map(({ weight }) => weight);
    return {
      weights: fit ? mixtureWeights(answers, targets) : own,
      fitted: fit ? { fingerprint: dataset.fingerprint, split, n: count } : undefined,
      scores: {
        n: count,
        split,
        ensemble: scoresOf(fit ? crossFittedMixture(answers, targets, classes.length) : mixed(answers, own)),
        equal: scoresOf(mixed(answers, new Array<number>(members.length).fill(1 / members.length))),
        members: Object.fromEntries(
          members.map(({ name }, k) => [name, scoresOf(answers[k] as Float32Array)]),
        ),
      },
    };
  } finally {
    pixels.close();
  }
}
