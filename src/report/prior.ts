/** The class prior of a model in words: what it was trained for, what its file answers for, and what shifts it. */

import { isSamePrior, priorText } from "../metrics/prior.ts";
import type { Priors } from "../weights/classifier-file.ts";
import type { CardSection } from "./card.ts";

/** Priors of a model's file, and its classes in their order. */
export interface PriorRecord extends Priors {
  readonly classes: readonly string[];
}

/** @param measured whether the card has scores, which are those of the trained prior */
export function priorSection(
  { classes, trainedPrior, prior }: PriorRecord,
  { measured }: { readonly measured: boolean },
): CardSection {
  const title = "Class prior";
  if (!trainedPrior)
    return {
      title,
      paragraphs: [
        "The file does not record the class prior that the model was trained for, so its probabilities cannot be shifted to another: --prior is refused.",
      ],
    };
  const own = `It was trained for the class prior ${priorText(classes, trainedPrior)}: the shares of the classes among the targets of its training.`;
  const shown =
    prior && !isSamePrior(prior, trainedPrior)
      ? [
          `This file was exported for another one: its probabilities are for ${priorText(classes, prior)}.`,
          ...(measured ? ["The scores in this card were measured with the trained prior."] : []),
        ]
      : ["Its probabilities are for these shares."];
  return {
    title,
    paragraphs: [
      [own, ...shown].join(" "),
      "--prior shifts probabilities to other shares of the classes without training again: --prior uniform to equal ones, --prior uniform:0.5 half way there, --prior happy=0.3 to shares that are known, --prior trained back. Rare classes are answered more often with uniform, and frequent ones less.",
    ],
  };
}
