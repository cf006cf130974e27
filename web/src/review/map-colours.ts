/** The meaning of the map's colours. */

import { splits } from "../../../src/data/dataset.ts";
import type { ReviewImage, ReviewSet } from "../../../src/server/review/protocol.ts";
import { known } from "../style/accents.ts";
import { type Marking, markingOf } from "./palette.ts";
import type { Review } from "./review.ts";
import { answerOf, isBlind, labelNow } from "./words.ts";

export type ColourBy = "label" | "answer" | "split" | "error";

export interface Group {
  readonly name: string;
  readonly marking: Marking;
  /** Groups with higher numbers are drawn on top. */
  readonly layer: number;
}

/** The meanings that colours can have for this data set. */
export function coloursOf({ task, images }: ReviewSet): readonly ColourBy[] {
  const hasAnswers = images.some(({ opinion }) => opinion !== undefined);
  if (task === "unlabelled") return hasAnswers ? ["label", "answer"] : ["label"];
  return hasAnswers ? ["label", "split", "error"] : ["label", "split"];
}

const plain = (name: string): Group => ({ name, marking: { colour: "--muted", shape: "circle" }, layer: 0 });
const accented = (name: string, accent: string, use = 0): Group => ({
  name,
  marking: markingOf(known.indexOf(accent), use),
  layer: 1 + use,
});

const bySplit: Readonly<Record<string, Group>> = {
  train: accented("train", "sad"),
  validation: accented("validation", "happy", 1),
  test: accented("test", "angry", 2),
};
const differs = accented("label and answer differ", "angry", 2);
const agrees = accented("label and answer agree", "sad");

/** The groups in the order of the legend, and the group of an image. */
export function groupsOf(
  set: ReviewSet,
  palette: readonly Marking[],
  by: ColourBy,
  review: Review,
): { readonly groups: readonly Group[]; groupOf(image: number): Group } {
  const classes = set.classes.map((name, i) => ({ name, marking: palette[i] as Marking, layer: 1 }));
  const none = plain(by === "answer" ? "no answer" : "no label");
  const other = plain("another label");
  const blind = plain(`${set.blind}: answer hidden`);
  const labelled = (image: number): Group => {
    const label = labelNow(set, image, review.decisionOf(image));
    return label === undefined ? none : (classes.find(({ name }) => name === label) ?? other);
  };
  switch (by) {
    case "label":
      return { groups: [...classes, other, none], groupOf: labelled };
    case "answer":
      return {
        groups: [...classes, none],
        groupOf: (image) => classes[set.images[image]?.opinion?.answer ?? -1] ?? none,
      };
    case "split":
      return {
        groups: splits.map((split) => bySplit[split] as Group),
        groupOf: (image) => bySplit[set.images[image]?.split ?? "train"] as Group,
      };
    case "error":
      return {
        groups: [agrees, differs, blind, none],
        groupOf(image) {
          if (isBlind(set, set.images[image] as ReviewImage)) return blind;
          const answer = answerOf(set, image);
          if (answer === undefined) return none;
          return answer === labelNow(set, image, review.decisionOf(image)) ? agrees : differs;
        },
      };
  }
}
