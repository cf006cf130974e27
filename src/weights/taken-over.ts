/** Uses the weights of a file as the start of a training, independent of where its bytes were read. */

import type { Preprocessing } from "../models/backbone.ts";
import type { Architecture, Description } from "../models/classifier.ts";
import { UsageError } from "../util/errors.ts";
import { attentionFor } from "./attention.ts";
import type { WeightsFile } from "./classifier.ts";
import { classesOf, type Metadata } from "./classifier-file.ts";
import { readEnsemble } from "./ensemble-file.ts";
import { type Fitted, fitWeights, type HeadRows } from "./fit.ts";
import { renormalised, sameNormalisation } from "./normalisation.ts";
import { adapted } from "./variants.ts";

/** Weights that fit a classifier, and their file's metadata. */
export interface TakenOver extends Fitted {
  readonly metadata: Metadata;
}

/**
 * Returns the weights of a file, fitted to a classifier. `path` is the file's name in errors, `rows` state how a head for other
 * classes is adapted, and `normalisation` is the one that the weights were trained with, if the file itself does not record it.
 *
 * @throws UsageError for weights of another network, and for an ensemble.
 */
export function takenOver(
  { tensors, metadata, notes = [] }: WeightsFile,
  path: string,
  architecture: Architecture,
  description: Description,
  rows?: HeadRows,
  normalisation?: Pick<Preprocessing, "mean" | "std">,
): TakenOver {
  refuseEnsemble(metadata, path);
  const { name, preprocessing } = architecture.backbone;
  const ofVariant = adapted(tensors, metadata, name, path);
  const differs = normalisation && !sameNormalisation(normalisation, preprocessing);
  const taken = differs ? renormalised(ofVariant.tensors, normalisation, preprocessing) : undefined;
  const attention = attentionFor(taken ?? ofVariant.tensors, architecture, description, path);
  const fitted = fitWeights(
    taken ?? ofVariant.tensors,
    architecture,
    attention.description,
    path,
    classesOf(metadata, path),
    rows,
  );
  const trainedWith = differs ? [normalisationNote(normalisation, taken !== undefined)] : [];
  return {
    ...fitted,
    notes: [...notes, ...ofVariant.notes, ...attention.notes, ...fitted.notes, ...trainedWith],
    metadata,
  };
}

function normalisationNote({ mean, std }: Pick<Preprocessing, "mean" | "std">, takenUp: boolean): string {
  const numbers = `the mean ${mean.join(", ")} and the standard deviation ${std.join(", ")}`;
  return takenUp
    ? `these weights were trained with ${numbers}; the first layer is adjusted for the difference`
    : `warning: these weights were trained with ${numbers}, but vultus normalises images differently here`;
}

/** @throws UsageError for an ensemble's file if a single network is needed. */
export function refuseEnsemble(metadata: Metadata, path: string): void {
  const ensemble = readEnsemble(metadata, path);
  if (!ensemble) return;
  const names = ensemble.members.map(({ name }) => name).join(", ");
  throw new UsageError(
    `${path} is an ensemble of ${names}: vultus can neither train it further nor export it in another form; use one of its members`,
  );
}
