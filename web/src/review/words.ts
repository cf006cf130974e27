/** Texts that describe images, for display and for screen readers. */

import type { Decision, ReviewImage, ReviewSet } from "../../../src/server/review/protocol.ts";
import { share } from "../parts/numbers.ts";

export type Outcome = "undecided" | "kept" | "relabelled" | "left out";

/** Relabelling to the label of the data keeps it. */
export function outcomeOf(set: ReviewSet, image: number, decision: Decision | undefined): Outcome {
  switch (decision?.kind) {
    case undefined:
      return "undecided";
    case "keep":
      return "kept";
    case "leave out":
      return "left out";
    case "relabel":
      return decision.label === labelOf(set, image) ? "kept" : "relabelled";
  }
}

/** The label of the data. */
export function labelOf(set: ReviewSet, image: number): string | undefined {
  return nameOf(set, set.images[image]?.label);
}

export function answerOf(set: ReviewSet, image: number): string | undefined {
  return nameOf(set, set.images[image]?.opinion?.answer);
}

/** The label after the decision. */
export function labelNow(set: ReviewSet, image: number, decision: Decision | undefined): string | undefined {
  return decision?.kind === "relabel" ? decision.label : labelOf(set, image);
}

export function isBlind(set: ReviewSet, { split }: ReviewImage): boolean {
  return set.blind !== undefined && split === set.blind;
}

/** The label that the list of suspects suggests. */
export function suggestionOf(set: ReviewSet, image: number): string | undefined {
  return nameOf(set, set.images[image]?.suggested);
}

/** The evidence against the label: the list of suspects if there is one, else the model's prediction. */
export function isSuspect({ suspects }: ReviewSet, { label, opinion, suggested }: ReviewImage): boolean {
  const other = suspects === undefined ? opinion?.answer : suggested;
  return label !== undefined && other !== undefined && other !== label;
}

/** An image on one line: `happy; the model: sad, 93 %`. */
export function spokenImage(set: ReviewSet, image: number, decision: Decision | undefined): string {
  const one = set.images[image] as ReviewImage;
  const answer = answerOf(set, image);
  const suggestion = suggestionOf(set, image);
  const sure = one.opinion === undefined ? "" : `, ${share(one.opinion.probability)}`;
  return [
    labelOf(set, image) ?? (decision === undefined ? "no label" : undefined),
    suggestion === undefined ? undefined : `the list of suspects: ${suggestion}`,
    answer === undefined ? undefined : `the model: ${answer}${sure}`,
    isBlind(set, one) ? "blind" : undefined,
    decision === undefined ? undefined : spokenDecision(set, image, decision),
  ]
    .filter((part) => part !== undefined)
    .join("; ");
}

function spokenDecision(set: ReviewSet, image: number, decision: Decision): string {
  const outcome = outcomeOf(set, image, decision);
  const label = labelNow(set, image, decision);
  if (outcome !== "relabelled") return outcome;
  return set.task === "unlabelled" ? `labelled ${label}` : `relabelled to ${label}`;
}

/** The last decision: `happy relabelled to sad`, `24 images left out`. */
export function spokenStep(set: ReviewSet, images: readonly number[], decision: Decision): string {
  const [first] = images;
  if (first === undefined) return "";
  const what = images.length > 1 ? imageCount(images.length) : (labelOf(set, first) ?? "image");
  return `${what} ${spokenDecision(set, first, decision)}`;
}

/** `20,000` */
export function number(n: number): string {
  return n.toLocaleString("en");
}

export function imageCount(n: number): string {
  return n === 1 ? "1 image" : `${number(n)} images`;
}

function nameOf({ classes }: ReviewSet, index: number | undefined): string | undefined {
  return index === undefined ? undefined : classes[index];
}
