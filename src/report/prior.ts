/** The class prior of a model in words: the one it was trained for, the one of its file, and how to shift it. */

import { isSamePrior, priorText } from "../metrics/prior.ts";
import type { Priors } from "../weights/classifier-file.ts";
import type { CardSection } from "./card.ts";

/** Priors of a model's file, and its classes in order. */
export interface PriorRecord extends Priors {
  readonly classes: readonly string[];
}

/** @param measured whether the card has scores, which use the trained prior */
export function priorSection(
  { classes, trainedPrior, prior }: PriorRecord,
  { measured }: { readonly measured: boolean },
): CardSection {
  const title = "Class prior";
  if (!trainedPrior)
    return {
      title,
      paragraphs: [
        "The file does not record the class prior that the model was trained for, so its probabilities cannot be shifted to another prior: --prior accepts only trained.",
      ],
    };
  const own = `The model was trained for the class prior ${priorText(classes, trainedPrior)}: the shares of the classes in its training targets.`;
  const shown =
    prior && !isSamePrior(prior, trainedPrior)
      ? [
          `This file was exported for another prior: its probabilities are for ${priorText(classes, prior)}.`,
          ...(measured ? ["The scores in this card were measured with the trained prior."] : []),
        ]
      : ["Its probabilities are for these shares."];
  return {
    title,
    paragraphs: [
      [own, ...shown].join(" "),
      "--prior shifts probabilities to other class shares without retraining: --prior uniform to equal shares, --prior uniform:0.5 half way there, --prior happy=0.3 to known shares, and --prior trained back. With uniform, the model predicts rare classes more often and frequent ones less.",
    ],
  };
}
