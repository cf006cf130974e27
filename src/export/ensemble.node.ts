/** Writes an ensemble as one bundle, after checking it against its members' own answers. */

import { type Pictures, runBundle } from "../evaluate/run-bundle.ts";
import { isSamePrior } from "../metrics/prior.ts";
import { reorderedColumns } from "../metrics/probabilities.ts";
import { compileBundle } from "../program/bundle.ts";
import { decodeBundle } from "../program/decode-bundle.ts";
import { compileEnsemble } from "../program/ensemble.ts";
import type { Engine } from "../runtime/engine.ts";
import { VultusError } from "../util/errors.ts";
import { writeFileAtomic } from "../util/files.node.ts";
import {
  classifierMetadata,
  type DescribedArchitecture,
  type Priors,
  type Provenance,
  priorsIn,
} from "../weights/classifier-file.ts";
import { type Ensemble, ensembleMetadata, sharedEntries } from "../weights/ensemble-file.ts";
import type { Member } from "../weights/members.ts";
import { type Agreement, agreement, answersOf, refusal } from "./verify.ts";

/** Maximum difference to the members' mean: the effect of another order of additions, or of 11-bit weights. */
const tolerance = { float32: 1e-4, float16: 0.02 } as const;

export interface EnsembleFileOptions {
  readonly path: string;
  /** Their weights sum to 1. */
  readonly members: readonly Member[];
  readonly classes: readonly string[];
  /** Storage type of weight matrices. */
  readonly stored: "float32" | "float16";
  readonly fitted?: Ensemble["fitted"] | undefined;
  readonly provenance: Pick<Provenance, "metrics" | "vultusVersion">;
  readonly engine: Engine;
  /** Images on which the file is compared with the members. */
  readonly pictures: Pictures;
}

export interface EnsembleFile extends Agreement {
  readonly path: string;
  readonly bytes: number;
  readonly picturesPerSecond: number;
  /** Number of images on which the file was checked. */
  readonly pictures: number;
  /** The priors of its probabilities. */
  readonly priors: Priors;
}

/** @throws VultusError if the file disagrees with its members or cannot be written; nothing is written then. */
export async function writeEnsemble(options: EnsembleFileOptions): Promise<EnsembleFile> {
  const { path, members, classes, stored, fitted, provenance, engine, pictures } = options;
  const priors = priorsTogether(members, classes);
  const described = members.map(({ name, weight, metadata }) => ({ name, weight, metadata }));
  const metadata = {
    ...classifierMetadata(describeTogether(members, classes), {
      ...priors,
      ...provenance,
    }),
    ...sharedEntries(described),
    ...ensembleMetadata({ members: described, ...(fitted && { fitted }) }),
  };
  const { model } = compileEnsemble(members, { classes, stored, metadata });
  const answers = await memberAnswers(engine, members, classes, pictures);
  const expected = mixed(
    answers,
    members.map(({ weight }) => weight),
  );
  const read = await answersOf(engine, decodeBundle(model, path), pictures);
  const agreed = agreement(expected, read.probabilities, classes.length);
  if (!(agreed.maxProbabilityDifference <= tolerance[stored])) {
    throw new VultusError(
      `${path} was not written: its probabilities would differ from its members' ${refusal(agreed, tolerance[stored], stored === "float16")}`,
    );
  }
  writeFileAtomic(path, model);
  return {
    path,
    bytes: model.length,
    picturesPerSecond: read.picturesPerSecond,
    pictures: pictures.count,
    priors,
    ...agreed,
  };
}

/** Faces are cropped for the member with the largest input; the others reduce them. */
function describeTogether(
  members: readonly Pick<Member, "architecture">[],
  classes: readonly string[],
): DescribedArchitecture {
  const side = ({ architecture: { inputSize, resize } }: Pick<Member, "architecture">): number =>
    inputSize * resize;
  const { inputSize, resize } = members.reduce((a, b) => (side(b) > side(a) ? b : a)).architecture;
  return { classes, inputSize, resize, network: undefined };
}

/**
 * Returns the weighted means of the members' priors, which are the priors of the mean of their probabilities. A prior
 * is left out if a member's file does not record its own.
 */
function priorsTogether(members: readonly Member[], classes: readonly string[]): Priors {
  const each = members.map(({ metadata, path, weight, architecture }) => {
    const { trainedPrior, prior = trainedPrior } = priorsIn(metadata, path);
    return {
      trainedPrior,
      prior,
      weight,
      columns: classes.map((name) => architecture.classes.indexOf(name)),
    };
  });
  const mean = (kind: "trainedPrior" | "prior"): number[] =>
    classes.map((_, k) =>
      each.reduce((sum, one) => sum + one.weight * (one[kind]?.[one.columns[k] as number] ?? Number.NaN), 0),
    );
  const [trainedPrior, prior] = [mean("trainedPrior"), mean("prior")];
  if (trainedPrior.some(Number.isNaN)) return {};
  return { trainedPrior, ...(!isSamePrior(trainedPrior, prior) && { prior }) };
}

/**
 * Returns each member's probabilities [N, classes], in the order of `classes`. `onPass` receives the number of finished
 * members.
 *
 * @throws VultusError for a member that returns NaN.
 */
export async function memberAnswers(
  engine: Engine,
  members: readonly Member[],
  classes: readonly string[],
  pictures: Pictures,
  onPass?: (done: number) => void,
): Promise<Float32Array[]> {
  const all: Float32Array[] = [];
  for (const { architecture, path, metadata: _, ...member } of members) {
    const open = await engine.open(compileBundle({ architecture, ...member }));
    try {
      const { probabilities } = await runBundle(open, { input: "uint8", architecture }, pictures);
      if (probabilities.some(Number.isNaN))
        throw new VultusError(
          `${path} returns NaN: its weights are corrupted; leave it out or train it again`,
        );
      all.push(reorderedColumns(probabilities, architecture.classes, classes));
    } finally {
      await open.release();
    }
    onPass?.(all.length);
  }
  return all;
}

/** Returns the weighted mean of the members' probabilities; weights sum to 1. */
export function mixed(answers: readonly Float32Array[], weights: readonly number[]): Float32Array {
  const [first] = answers as readonly [Float32Array];
  return first.map((_, i) =>
    answers.reduce((sum, rows, k) => sum + (weights[k] as number) * (rows[i] as number), 0),
  );
}
