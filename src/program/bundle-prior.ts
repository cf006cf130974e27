/** Shifts the probabilities of a bundle to another class prior as they are computed. */

import {
  chosenPrior,
  isSamePrior,
  namedPrior,
  type PriorChoice,
  type PriorShift,
  priorFactors,
  priorText,
} from "../metrics/prior.ts";
import { UsageError } from "../util/errors.ts";
import { option } from "../util/spelling.ts";
import { priorsIn, temperatureOf } from "../weights/classifier-file.ts";
import type { Bundle } from "./decode-bundle.ts";

type Described = Pick<Bundle, "architecture" | "metadata" | "path" | "shift">;

/**
 * Returns the bundle with probabilities and logits for the chosen prior, replacing any earlier shift; unchanged if no prior is
 * chosen.
 *
 * @throws UsageError for an invalid choice, or if the file does not record the prior that the model was trained for
 */
export function withPrior<B extends Described>(bundle: B, choice: PriorChoice | undefined): B {
  return choice === undefined ? bundle : { ...bundle, shift: priorShift(bundle, choice) };
}

/**
 * Returns the shift from the prior of the bundle's file to the chosen one; undefined if they are equal. @throws as `withPrior`.
 */
export function priorShift(bundle: Described, choice: PriorChoice): PriorShift | undefined {
  const { architecture, metadata, path } = bundle;
  const { trainedPrior, prior: present = trainedPrior } = priorsIn(metadata, path);
  // Without a recorded prior there is no shift to undo.
  if (!trainedPrior || !present) {
    if (choice === "trained") return undefined;
    throw unrecordedPrior(path);
  }
  const prior = chosenPriorOf(choice, architecture.classes, trainedPrior, path);
  if (isSamePrior(prior, present)) return undefined;
  const factors = priorFactors(present, prior);
  const temperature = temperatureOf(metadata, path);
  return { prior, factors, offset: factors.map((factor) => temperature * Math.log(factor)) };
}

/** Returns the error for a model whose probabilities cannot be shifted. */
export function unrecordedPrior(path: string): UsageError {
  return new UsageError(
    `${path} does not record the class prior that it was trained for, so its probabilities cannot be shifted; train it again, or export it once with ${option("trainedPrior")} and the class shares of its training, and use that file`,
  );
}

/**
 * Returns `chosenPrior` of a model; `name` is its name in errors. @throws UsageError also for a class that did not occur in
 * training.
 */
export function chosenPriorOf(
  choice: PriorChoice,
  classes: readonly string[],
  trained: readonly number[],
  name: string,
): number[] {
  if (choice === "trained") return [...trained];
  const missing = classes.filter((_, k) => !((trained[k] as number) > 0));
  if (missing.length === 0) return chosenPrior(choice, classes, trained);
  throw new UsageError(
    `${name} saw no ${missing.join(", ")} in its training, so its probabilities cannot be shifted to another prior; train it on images of every class`,
  );
}

/** Returns the prior of a bundle's probabilities if it differs from the trained one, else undefined. */
export function shiftedPriorOf(bundle: Described): readonly number[] | undefined {
  const { trainedPrior, prior } = priorsIn(bundle.metadata, bundle.path);
  const shown = bundle.shift?.prior ?? prior;
  return shown && trainedPrior && !isSamePrior(shown, trainedPrior) ? shown : undefined;
}

/** Returns `shiftedPriorOf` in the form used in results: by class, to four digits. */
export function statedPrior(bundle: Described): Readonly<Record<string, number>> | undefined {
  const prior = shiftedPriorOf(bundle);
  return prior && namedPrior(bundle.architecture.classes, prior);
}

/** Returns the note for a model whose probabilities are shifted to `prior`. */
export function priorNote(
  { architecture: { classes }, metadata, path }: Described,
  prior: readonly number[],
): string {
  const { trainedPrior = [] } = priorsIn(metadata, path);
  return `the probabilities of ${path} are for the class prior ${priorText(classes, prior)}; it was trained for ${priorText(classes, trainedPrior)}`;
}
