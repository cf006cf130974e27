/** The model card of an ensemble: its members with their weights and licences, and only what was measured. */

import { basename } from "node:path";
import type { AnswerScores } from "../metrics/answer-scores.ts";
import type { Priors } from "../weights/classifier-file.ts";
import type { Member } from "../weights/members.ts";
import { type CardSection, cardMarkdown } from "./card.ts";
import { decimals, percents, pictures, range } from "./html.ts";
import { intendedUse, outOfScope } from "./model-card.ts";
import { peopleSection } from "./people-section.ts";
import { priorSection } from "./prior.ts";

export interface EnsembleScores {
  /** Number of scored images, and their split, or "all". */
  readonly n: number;
  readonly split: string;
  /** With fitted weights, cross-fitted in five folds: each image is scored with weights fitted on other images. */
  readonly ensemble: AnswerScores;
  /** With equal weights of all members. */
  readonly equal: AnswerScores;
  /** Each member alone, by name. */
  readonly members: Readonly<Record<string, AnswerScores>>;
}

export interface EnsembleCard {
  readonly file: string;
  readonly classes: readonly string[];
  readonly members: readonly Member[];
  /** The priors of the file. */
  readonly priors: Priors;
  /** Whether the weights were fitted on the scored images. */
  readonly fitted: boolean;
  /** Undefined if nothing was measured. */
  readonly scores: EnsembleScores | undefined;
}

export function ensembleCardMarkdown(card: EnsembleCard): string {
  const sections = [
    model(card),
    priorSection({ classes: card.classes, ...card.priors }, { measured: false }),
    intendedUse,
    outOfScope,
    data(card),
    metrics(card),
    ...people(card),
    limits(card),
    licence(card),
  ];
  return cardMarkdown(basename(card.file, ".onnx"), sections);
}

function model({ classes, members, fitted }: EnsembleCard): CardSection {
  return {
    title: "Model",
    paragraphs: ["An ensemble of classifiers of facial expressions."],
    items: [
      `Members: ${members.map(({ name }) => name).join(", ")}.`,
      `Output: a probability for each of ${classes.join(", ")}: the weighted mean of the members' probabilities, each calibrated by its own temperature.`,
      fitted
        ? "The weights maximise the likelihood of the labels of the images below."
        : "The weights were given, not fitted.",
      "Input: an image cropped to one face. The model does not find faces itself. Each member preprocesses the image in its own way.",
    ],
    table: {
      caption: "Members",
      head: ["member", "weight", "network", "input", "temperature"],
      rows: members.map(({ name, weight, temperature, architecture: { backbone, inputSize } }) => [
        name,
        decimals(weight),
        backbone.name,
        `${inputSize} px`,
        temperature.toFixed(2),
      ]),
    },
  };
}

function data({ members }: EnsembleCard): CardSection {
  return {
    title: "Data",
    paragraphs: ["Each member's own card describes its training data. Its file records:"],
    items: members.map(({ name, metadata: { data_fingerprint: fingerprint } }) =>
      fingerprint === undefined
        ? `${name}: not recorded.`
        : `${name}: fingerprint of the data ${fingerprint}.`,
    ),
  };
}

function metrics({ scores, fitted }: EnsembleCard): CardSection {
  const title = "Metrics";
  if (!scores)
    return { title, paragraphs: ["Not measured. vultus evaluate scores an ensemble like any other model."] };
  const hasVotes = scores.ensemble.people !== undefined;
  const row = (name: string, { accuracy, interval, nll, people: found }: AnswerScores): string[] => [
    name,
    percents(accuracy),
    range(interval),
    nll.toFixed(4),
    ...(found ? [percents(found.agreement.value), range(found.agreement.interval)] : []),
  ];
  const crossFitted =
    " The weights were cross-fitted in five folds: each image was scored with weights fitted on other images, so the fit does not inflate the scores.";
  return {
    title,
    paragraphs: [`On ${pictures(scores.n)} (${scores.split}).${fitted ? crossFitted : ""}`],
    table: {
      caption: "The ensemble and its members",
      head: [
        ...["model", "accuracy", "95 % interval", "log loss"],
        ...(hasVotes ? ["agreement with people", "95 % interval"] : []),
      ],
      rows: [
        row("ensemble", scores.ensemble),
        ...(fitted ? [row("with equal weights", scores.equal)] : []),
        ...Object.entries(scores.members).map(([name, score]) => row(name, score)),
      ],
    },
  };
}

/** No section if nothing was measured or the images had no votes. */
function people({ scores }: EnsembleCard): CardSection[] {
  const found = scores?.ensemble.people;
  return found ? [peopleSection(found, "The ensemble")] : [];
}

function limits({ classes }: EnsembleCard): CardSection {
  return {
    title: "Limits",
    paragraphs: [],
    items: [
      `It predicts one of ${classes.length} classes, whatever the image shows.`,
      "If its members disagree, the mean of their calibrated probabilities is less confident than each of them, so the ensemble tends to be underconfident. vultus evaluate reports its calibration.",
      "It has every limitation of its members.",
    ],
  };
}

function licence({ members }: EnsembleCard): CardSection {
  return {
    title: "Licence",
    paragraphs: ["The file contains the weights of all members, so the licence of each applies."],
    items: members.map(
      ({ name, metadata: { license } }) => `${name}: ${license ?? "not stated in its file"}.`,
    ),
  };
}
