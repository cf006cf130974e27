/** The model card of a run (Mitchell et al. 2019): what it is for, what it is not for, and only what was measured. */

import { confusedPairs, confusedPairText } from "../metrics/confused-pairs.ts";
import { summarize } from "../metrics/scores.ts";
import { type CardSection, cardMarkdown } from "./card.ts";
import { count, decimals, percents, pictures, precisionAndRecall, range } from "./html.ts";
import { type MetricText, metricTexts } from "./metrics.ts";
import { peopleSection } from "./people-section.ts";
import { priorSection } from "./prior.ts";
import type { EvaluationRecord, RunRecord } from "./run-record.ts";

/** The parts of the card; what was not measured is said to be so. */
export function modelCard(run: RunRecord): CardSection[] {
  return [
    model(run),
    ...prior(run),
    intendedUse,
    outOfScope,
    dataPart(run),
    metrics(run),
    ...people(run),
    calibration(run),
    robustness(run),
    limits(run),
    licence(run),
  ];
}

/** What of the card the other sections of a report do not show. */
export function shownCard(run: RunRecord): CardSection[] {
  return [model(run), ...prior(run), intendedUse, outOfScope, limits(run), licence(run)];
}

export function modelCardMarkdown(run: RunRecord): string {
  return cardMarkdown(run.name, modelCard(run));
}

function attentionText({ attention }: NonNullable<RunRecord["recipe"]>): string {
  return attention === "none" ? "" : ` (attention over its residual branches: ${attention})`;
}

function model({ recipe, environment, evaluation, data }: RunRecord): CardSection {
  const classes = evaluation?.classes ?? data?.classes ?? [];
  const items = [
    ...(recipe
      ? [
          `Network: ${recipe.model}${attentionText(recipe)} with the head “${recipe.head}”, on images of ${recipe.inputSize} × ${recipe.inputSize} px.`,
          `Recipe: ${recipe.name} (${recipe.phases.map(({ name }) => name).join(", then ")}), seed ${recipe.seed}.`,
        ]
      : []),
    ...(classes.length > 0 ? [`Answers: a probability for each of ${classes.join(", ")}.`] : []),
    ...(environment
      ? [`Trained by vultus ${environment.vultus}, begun ${environment.started.slice(0, 10)}.`]
      : []),
    "Input: an image cropped to one face. It finds no faces itself.",
  ];
  return { title: "Model", paragraphs: ["A classifier of facial expressions."], items };
}

/** Nothing where there is no file of the model yet. */
function prior({ prior: recorded, evaluation }: RunRecord): CardSection[] {
  return recorded ? [priorSection(recorded, { measured: evaluation !== undefined })] : [];
}

export const intendedUse: CardSection = {
  title: "Intended use",
  paragraphs: [
    "It names the expression that a face shows in an image, as the people who labelled the training images would have named it. An expression is not a feeling: what a person feels cannot be read off a face reliably (Barrett et al. 2019).",
  ],
  items: [
    "Research, teaching, and the development and comparison of methods.",
    "Sorting or searching images by visible expression, where a mistake costs nobody anything and people have agreed.",
  ],
};

export const outOfScope: CardSection = {
  title: "Out of scope, and what the law says",
  paragraphs: [
    "It must not decide anything about a person: no hiring, grading, credit, insurance, policing, border control, diagnosis or lie detection.",
    "In the European Union the AI Act (Regulation (EU) 2024/1689) applies to systems that infer emotions from faces. This is a summary and no legal advice:",
  ],
  items: [
    "At the workplace and in education institutions such use is prohibited, except for medical or safety reasons (Article 5(1)(f)).",
    "Other emotion recognition is a high-risk use (Annex III, point 1(c)), with the duties that follow from it.",
    "People who are exposed to it must be informed (Article 50(3)); the General Data Protection Regulation applies to their data.",
  ],
};

function dataPart({ data, environment, audit }: RunRecord): CardSection {
  const fingerprint = data?.fingerprint ?? environment?.fingerprint;
  const items = [
    ...(fingerprint ? [`Fingerprint of the data: ${fingerprint}.`] : []),
    ...(data && data.unreadable.length > 0
      ? [`${pictures(data.unreadable.length)} could not be read and were left out.`]
      : []),
    ...(data?.leftOut ?? []).map(
      ({ className, count: number }) => `The class ${className} was left out (${pictures(number)}).`,
    ),
    audit
      ? `Audited: ${count(audit.duplicateGroups)} groups of identical images, ${count(audit.conflictingGroups)} of them under more than one label; ${crossings(audit.crossSplitPictures)}.`
      : "No audit of the data for duplicates, leaks between splits or wrong labels (vultus data audit) lies in the run folder.",
    "Who the people in the images are (age, sex, origin) was not measured.",
  ];
  if (!data)
    return { title: "Data", paragraphs: ["How many images there were of each class was not kept."], items };
  const used = Object.keys(data.counts);
  return {
    title: "Data",
    paragraphs: [],
    items,
    table: {
      caption: "Images of each class and split",
      head: ["class", ...used],
      rows: data.classes.map((name, k) => [
        name,
        ...used.map((split) => count(data.counts[split]?.[k] ?? 0)),
      ]),
    },
  };
}

function crossings(crossing: Readonly<Record<string, number>>): string {
  const found = Object.entries(crossing).filter(([, number]) => number > 0);
  return found.length === 0
    ? "none of them on two sides of a split"
    : found.map(([where, number]) => `${count(number)} images of ${where}`).join(", ");
}

function metrics({ evaluation }: RunRecord): CardSection {
  const title = "Metrics";
  if (!evaluation) return { title, paragraphs: ["Not measured: this run was not scored."] };
  const { n, split, accuracy, interval, majority, classes, confusion, auc } = evaluation;
  const { perClass } = summarize(confusion);
  const worst = confusedPairs(confusion).map((pair) => confusedPairText(pair, classes));
  return {
    title,
    paragraphs: [measuredOn(n, split)],
    items: [
      `Accuracy ${percents(accuracy)} (95 % interval ${range(interval)}); always answering the largest class scores ${percents(majority)}.`,
      ...leakItems(evaluation),
      ...metricTexts(evaluation, ["answers"]).map(metricItem),
      worst.length > 0 ? `Most confused: ${worst.join("; ")}.` : "Nothing was confused.",
    ],
    table: {
      caption: "Scores of each class",
      head: ["class", "precision", "recall", "F1", ...(auc ? ["AUC"] : []), "pictures"],
      rows: classes.map((name, k) => {
        const { f1, support } = perClass[k] as (typeof perClass)[number];
        return [
          name,
          ...precisionAndRecall(confusion, k),
          decimals(f1),
          ...(auc ? [decimals(auc[name])] : []),
          count(support),
        ];
      }),
    },
  };
}

/** Nothing where the images had no votes. */
function people({ evaluation }: RunRecord): CardSection[] {
  return evaluation?.people ? [peopleSection(evaluation.people, "The model")] : [];
}

function metricItem({ name, value, details }: MetricText): string {
  return `${name} ${value}${details.length > 0 ? ` (${details.join("; ")})` : ""}.`;
}

function leakItems({ leaked, withoutLeaked, seen, withoutSeen }: EvaluationRecord): string[] {
  const without = (found: string, rest: EvaluationRecord["withoutSeen"]): string =>
    rest
      ? `${found}; without them the accuracy is ${percents(rest.accuracy)} (95 % interval ${range(rest.interval)}) on ${pictures(rest.n)}.`
      : `${found}; no other is left.`;
  const own =
    leaked === undefined
      ? "Whether scored images were also trained on was not measured."
      : leaked === 0
        ? "None of them is pixel-identical to one that was trained on."
        : without(
            `${pictures(leaked)} of these are pixel-identical to one that was trained on`,
            withoutLeaked,
          );
  if (!seen) return [own];
  const known = `${pictures(seen)} of these are training images of the weights at the start, or near copies of such`;
  return [own, without(known, withoutSeen)];
}

function measuredOn(n: number, split: string): string {
  if (split === "test") return `On ${pictures(n)} of a test split that nothing was chosen by, scored once.`;
  if (split === "validation")
    return `Selected on validation: on the ${pictures(n)} by which the best epoch was chosen, so on new images expect somewhat less. There was no test split.`;
  return `On ${pictures(n)} (${split}).`;
}

function calibration({ evaluation }: RunRecord): CardSection {
  const title = "Calibration";
  if (!evaluation?.calibration) return { title, paragraphs: ["Not measured."] };
  const { temperature, fittedHere, fittedTo } = evaluation.calibration;
  const to = fittedTo === "votes" ? " to the shares of people's votes" : "";
  const fitted = fittedHere
    ? `, fitted${to} on the same images: what follows is cross-fitted`
    : to && `, fitted${to}`;
  return {
    title,
    paragraphs: [`Its temperature is ${temperature.toFixed(2)}${fitted}.`, ...sureness(evaluation)],
    items: metricTexts(evaluation, ["probabilities"]).map(metricItem),
  };
}

function sureness({ coverage = [] }: EvaluationRecord): string[] {
  const point = coverage.find(({ threshold }) => threshold === 0.8);
  if (!point || point.accuracy === null) return [];
  return [
    `Where it is at least 80 % sure (${percents(point.coverage)} of the images), ${percents(point.accuracy)} of its answers are right.`,
  ];
}

function robustness({ robustness }: RunRecord): CardSection {
  const title = "Robustness";
  if (!robustness) return { title, paragraphs: ["Not measured (vultus evaluate --robustness)."] };
  const { n, clean, meanRelativeDrop, groups, corruptions, people: agreed } = robustness;
  return {
    title,
    paragraphs: [
      `On ${pictures(n)}, undisturbed accuracy ${percents(clean)}: ${corruptions.length} disturbances cost ${percents(meanRelativeDrop)} of it on average.`,
      ...(agreed
        ? [
            `Of the agreement with the plurality of people, undisturbed ${percents(agreed.clean)}, they cost ${percents(agreed.meanRelativeDrop)}.`,
          ]
        : []),
    ],
    items: groups.map(
      ({ group, relativeDrop }) => `${group}: ${percents(relativeDrop)} of the accuracy lost on average`,
    ),
  };
}

function limits({ evaluation }: RunRecord): CardSection {
  return {
    title: "Limits",
    paragraphs: [],
    items: [
      ...(evaluation
        ? [
            `It answers one of ${evaluation.classes.length} classes, whatever the image shows: a face with another expression, or no face at all, is named one of them too.`,
          ]
        : []),
      "Images unlike the training images in camera, light, pose, age or origin may be answered worse; how much was not measured beyond what stands above.",
      "Labels of expressions are opinions: people disagree on many of them, and the model learns the labels, not the truth.",
      "Differences between groups of people were not measured.",
    ],
  };
}

function licence({ environment }: RunRecord): CardSection {
  return {
    title: "Licence",
    paragraphs: [
      "vultus is under the MIT licence. That says nothing about this model: what may be done with it depends on the licences of the images and of the weights that it was trained from.",
    ],
    items: [
      startingWeights(environment?.weights),
      "Licence of the images: not known to vultus; ask whoever published them.",
    ],
  };
}

/** A run that loaded nothing records that its weights were drawn; they are under nobody's licence. */
function startingWeights(weights: string | undefined): string {
  if (!weights) return "Weights at the start: not recorded.";
  const drawn = /^none, all drawn from the seed \d+$/.test(weights);
  return `Weights at the start: ${weights}.${drawn ? "" : " Their licence applies."}`;
}
