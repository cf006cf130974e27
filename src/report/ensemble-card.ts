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
  /** Images that were scored, and the split that they are of, or "all". */
  readonly n: number;
  readonly split: string;
  /** Of fitted weights, each image's were fitted on other images (in five folds), so that the fit flatters no score. */
  readonly ensemble: AnswerScores;
  /** With equal weights of all members. */
  readonly equal: AnswerScores;
  /** Each alone, by name. */
  readonly members: Readonly<Record<string, AnswerScores>>;
}

export interface EnsembleCard {
  readonly file: string;
  readonly classes: readonly string[];
  readonly members: readonly Member[];
  /** Of the file. */
  readonly priors: Priors;
  /** Whether the weights were fitted on the images that were scored. */
  readonly fitted: boolean;
  /** Undefined where nothing was measured. */
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
      `Answers: a probability for each of ${classes.join(", ")}: the weighted mean of what the members answer, each calibrated by its own temperature.`,
      fitted
        ? "The weights are those that make the labels of the images below likeliest."
        : "The weights were given, not fitted.",
      "Input: an image cropped to one face. It finds no faces itself. Each member prepares it in its own way.",
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
    paragraphs: ["What each member was trained on is in its own card; its file says:"],
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
    return { title, paragraphs: ["Not measured: vultus evaluate scores an ensemble like any model."] };
  const hasVotes = scores.ensemble.people !== undefined;
  const row = (name: string, { accuracy, interval, nll, people: found }: AnswerScores): string[] => [
    name,
    percents(accuracy),
    range(interval),
    nll.toFixed(4),
    ...(found ? [percents(found.agreement.value), range(found.agreement.interval)] : []),
  ];
  const crossFitted =
    " Each image was answered with weights that were fitted on the others, in five folds, so that the fit flatters no score.";
  return {
    title,
    paragraphs: [`On ${pictures(scores.n)} (${scores.split}).${fitted ? crossFitted : ""}`],
    table: {
      caption: "The ensemble beside its members",
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

/** Nothing where nothing was measured, or the images had no votes. */
function people({ scores }: EnsembleCard): CardSection[] {
  const found = scores?.ensemble.people;
  return found ? [peopleSection(found, "The ensemble")] : [];
}

function limits({ classes }: EnsembleCard): CardSection {
  return {
    title: "Limits",
    paragraphs: [],
    items: [
      `It answers one of ${classes.length} classes, whatever the image shows.`,
      "The mean of calibrated probabilities is less sure than its members where they disagree, and rather too little sure than too much; vultus evaluate reports its calibration.",
      "Every limit of its members is its own too.",
    ],
  };
}

function licence({ members }: EnsembleCard): CardSection {
  return {
    title: "Licence",
    paragraphs: ["The file holds the weights of all members, so the licence of each applies."],
    items: members.map(
      ({ name, metadata: { license } }) => `${name}: ${license ?? "not stated in its file"}.`,
    ),
  };
}
